"""The text encoder of a city that is there."""

from db.cities import pois as poi_rows
from workflows.encoders.choice import EncoderChoice, usual_encoder
from workflows.home.store import Store


def city_encoder(store: Store, city_id: int) -> EncoderChoice:
    """Which encoder reads a city's texts where nobody asks for another.

    Raises:
        InputError: The settings name an encoder that is none, or two.
    """
    names: list[str] = []
    if not store.settings.names_encoder:
        with store.reading() as session:
            names = poi_rows.distinct_names(session, city_id)
    return usual_encoder(store.settings, names)
