"""Another city's model, as it is and trained further."""

from dataclasses import replace

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.model.recipes import recipe
from aether_core.study.result import StudyResult
from aether_core.study.run import run_study
from aether_core.study.transfer import run_transfer
from tests.aether_core.study.small_city import small_city
from tests.errors import fault

SHORT = recipe("aether").override({"epochs": 4, "batch_size": 64})
A, B = small_city("there", seed=1), small_city("here", seed=2)


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return run_transfer(A, B, SHORT, seeds=(42, 43), shares=(0.02, 0.25), device="cpu")


def test_variants_are_compared_with_the_own_model(result: StudyResult) -> None:
    names = list(dict.fromkeys(row.variant for row in result.rows))
    assert names == [
        "local model",
        "model of there unchanged",
        "model of there and 25 % of local places",
        "25 % of local places alone",
        "embedding alone",
    ]
    assert any("'2 % of local places' is left out" in note for note in result.notes)
    compared = [one for one in result.summaries if one.variant != "local model"]
    assert all(one.difference is not None for one in compared)


def test_own_model_is_the_one_other_studies_measure(result: StudyResult) -> None:
    own = run_study("seeds", B, SHORT, seeds=(42, 43), device="cpu")
    wanted = {(row.seed, row.metric): row.value for row in own.rows if row.variant == own.baseline}
    found = {
        (row.seed, row.metric): row.value for row in result.rows if row.variant == "local model"
    }
    assert found == wanted


def test_a_model_of_a_twin_city_knows_the_way_and_goes_on_from_there(result: StudyResult) -> None:
    auc = {one.variant: one.mean for one in result.summaries if one.metric == "text_to_map_auc"}
    assert auc["model of there unchanged"] > 0.8
    value = {(row.variant, row.seed, row.metric): row.value for row in result.rows}
    as_it_is, further, alone = (
        value[name, 42, "mean_log_rank"]
        for name in (
            "model of there unchanged",
            "model of there and 25 % of local places",
            "25 % of local places alone",
        )
    )
    assert len({as_it_is, further, alone}) == 3
    assert further < alone


def test_what_cannot_be_transferred_is_refused() -> None:
    with pytest.raises(InputError, check=fault("transfer-to-itself", A.slug)):
        run_transfer(A, A, SHORT)
    with pytest.raises(InputError, check=fault("share-out-of-range", 0.0)):
        run_transfer(A, B, SHORT, shares=(0.0,))
    data = B.training
    longer = replace(data, text=np.hstack([data.text, data.text]))
    with pytest.raises(InputError, check=fault("texts-of-different-length", A.slug, B.slug)):
        run_transfer(A, replace(B, training=longer), SHORT)
    assert data.wide is not None
    narrow = replace(data, base=data.base[:, :4], wide=data.wide[:, :4])
    with pytest.raises(InputError, check=fault("embeddings-of-different-length", A.slug, B.slug)):
        run_transfer(A, replace(B, training=narrow), SHORT)
