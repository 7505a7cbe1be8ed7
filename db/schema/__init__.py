"""The tables of the store, as typed models, by subject.

Everything of a city hangs on its row: deleting that row deletes all of it, by the database's own
cascades. Texts are the one exception, a cache shared by all cities; regions belong to none.
Geometries are WGS84 (EPSG:4326). Spatial indexes are spelled out as ordinary GiST indexes, so that
each exists once.
"""

from db.schema.accounts import Account, ApiKey, Deed, Group, GroupCity, GroupMember
from db.schema.base import Base
from db.schema.evidence import GIVEN, Area, AreaSet, Evaluation, Label, LabelSet
from db.schema.fetches import Fetch
from db.schema.jobs import JOB_STATES, UNFINISHED, Job, JobMixin, JobState, Worker
from db.schema.places import (
    BASE_KINDS,
    MAIN_ROAD,
    UNITS,
    BaseFeature,
    Cell,
    CellFeature,
    City,
    CityArea,
    EncodedText,
    EOFeature,
    Poi,
    PooledView,
    Raster,
    Streets,
)
from db.schema.regions import Region
from db.schema.results import SPATIAL_UNITS, Layer, LayerColumn, LayerUnits
from db.schema.studies import STUDY_KINDS, Study
from db.schema.training import Model, Run, RunEpoch

__all__ = [
    "BASE_KINDS",
    "GIVEN",
    "JOB_STATES",
    "MAIN_ROAD",
    "SPATIAL_UNITS",
    "STUDY_KINDS",
    "UNFINISHED",
    "UNITS",
    "Account",
    "ApiKey",
    "Area",
    "AreaSet",
    "Base",
    "BaseFeature",
    "Cell",
    "CellFeature",
    "City",
    "CityArea",
    "Deed",
    "EOFeature",
    "EncodedText",
    "Evaluation",
    "Fetch",
    "Group",
    "GroupCity",
    "GroupMember",
    "Job",
    "JobMixin",
    "JobState",
    "Label",
    "LabelSet",
    "Layer",
    "LayerColumn",
    "LayerUnits",
    "Model",
    "Poi",
    "PooledView",
    "Raster",
    "Region",
    "Run",
    "RunEpoch",
    "Streets",
    "Study",
    "Worker",
]
