"""Models and the one in use."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.evidence import models
from tests.db.city_data import add_plain_city, add_small_city
from tests.errors import fault


def test_at_most_one_in_use(session: Session) -> None:
    city, other = add_plain_city(session), add_plain_city(session, "espoo")
    for name, owner in (("a", city), ("b", city), ("c", other)):
        models.add_model(session, owner.id, name=name, folder=f"models/{name}", card={"n": name})
    assert models.model_in_use(session, city.id) is None
    models.use_model(session, city.id, "a")
    models.use_model(session, other.id, "c")
    assert models.use_model(session, city.id, "b").in_use
    used = {model.name for model in models.list_models(session, city.id) if model.in_use}
    assert used == {"b"}
    assert models.model_in_use(session, other.id).name == "c"
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE model SET in_use = true"))


def test_names(session: Session) -> None:
    city, other = add_plain_city(session), add_plain_city(session, "espoo")
    with pytest.raises(NotFoundError, check=fault("no-such-model", "a")):
        models.model_by_name(session, "a", city.id)
    models.add_model(session, city.id, name="a", folder="models/a", card={})
    with pytest.raises(ConflictError, check=fault("model-exists", "a")):
        models.add_model(session, other.id, name="a", folder="models/a", card={})
    assert models.model_by_name(session, "a").city_id == city.id
    with pytest.raises(NotFoundError, check=fault("no-such-model", "b", ": a")):
        models.use_model(session, city.id, "b")
    with pytest.raises(NotFoundError, check=fault("no-such-model", "a")):
        models.use_model(session, other.id, "a")


def test_layer_outlives_its_model_and_run(session: Session) -> None:
    made = add_small_city(session)
    session.execute(text("DELETE FROM model"))
    session.expire_all()
    assert made.layer.model_id is None
    assert made.run.model_id is None
