"""The HTTP text encoder against a real server on this machine that can misbehave."""

import logging
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.net import RequestPolicy
from aether_core.text.endpoint import Endpoint, EndpointEncoder
from tests.embeddings_server import (
    DIM,
    KEY,
    Server,
    Turn,
    breaks_off,
    direction,
    drips,
    embeddings_server,
    floods,
    good,
    hangs_up,
    says,
    status,
)
from tests.errors import fault

QUICK = RequestPolicy(attempts=3, first_s=0.01, longest_s=0.5, silence_s=0.5)


@pytest.fixture
def server() -> Iterator[Server]:
    with embeddings_server() as running:
        yield running


def encoder(server: Server, policy: RequestPolicy = QUICK, **changes: object) -> EndpointEncoder:
    facts = {"url": server.url, "model": "tiny", "key": KEY, "dimensions": DIM}
    return EndpointEncoder(Endpoint(**(facts | changes)), policy)


def test_unit_rows_in_order_each_distinct_text_asked_once(server: Server) -> None:
    texts = [f"text {at % 300}" for at in range(700)]
    done: list[tuple[int, int]] = []
    vectors = encoder(server).encode(texts, lambda _, at, total: done.append((at, total)))
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, [direction(text) for text in texts], atol=1e-6)
    assert [len(seen.body["input"]) for seen in server.seen] == [256, 44]
    assert list(dict.fromkeys(done)) == [(0, 300), (256, 300), (300, 300)]
    asked = server.seen[0]
    assert asked.path == "/v1/embeddings"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert (asked.body["model"], asked.body["dimensions"]) == ("tiny", DIM)


def test_a_request_holds_no_more_characters_than_the_api_takes(server: Server) -> None:
    encoder(server).encode([letter * 60_000 for letter in "abc"])
    assert [len(seen.body["input"]) for seen in server.seen] == [1, 1, 1]


def test_name_and_length(server: Server) -> None:
    host = server.url.split("/")[2]
    assert encoder(server).name == f"tiny:{DIM}@{host}"
    free = encoder(server, dimensions=None)
    assert (free.name, free.dim, free.dim) == (f"tiny@{host}", DIM, DIM)
    assert len(server.seen) == 1
    assert "dimensions" not in server.seen[0].body
    assert encoder(server).encode([]).shape == (0, DIM)


@pytest.mark.parametrize(
    "turn",
    [status(429), status(500), status(503, Retry_After="0.05"), hangs_up, breaks_off, drips],
    ids=["429", "500", "503", "hangs up", "breaks off", "drips"],
)
def test_what_may_pass_is_asked_again(server: Server, turn: Turn) -> None:
    server.turns.append(turn)
    assert np.allclose(encoder(server).encode(["a"]), direction("a"), atol=1e-6)
    assert len(server.seen) == 2


@pytest.mark.parametrize("turn", [status(503), hangs_up, drips], ids=["503", "hangs up", "drips"])
def test_it_gives_up_in_words(server: Server, turn: Turn) -> None:
    server.turns.extend([turn] * 3)
    with pytest.raises(AetherError, check=fault("encoder-not-answering", "127.0.0.1")):
        encoder(server).encode(["a"])
    assert len(server.seen) == 3


def test_nobody_listens() -> None:
    gone = Endpoint("http://127.0.0.1:9", "tiny")
    with pytest.raises(
        AetherError, check=fault("encoder-not-answering", "cannot be reached", "no connection")
    ):
        EndpointEncoder(gone, RequestPolicy(attempts=2, first_s=0.01)).encode(["a"])


def test_the_server_says_how_long_to_wait(server: Server) -> None:
    patient = RequestPolicy(attempts=2, first_s=0.0, longest_s=30, silence_s=1)
    server.turns.append(status(429, Retry_After="0.4"))
    start = time.monotonic()
    encoder(server, patient).encode(["a"])
    assert time.monotonic() - start >= 0.4
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    for asked in ("3600", later):
        server.turns.append(status(429, Retry_After=asked))
        with pytest.raises(AetherError, check=fault("encoder-asks-to-wait", "3,", 429)):
            encoder(server, patient).encode(["a"])
    for nonsense in ("soon", "nan", "-5", ""):
        server.turns.append(status(429, Retry_After=nonsense))
        encoder(server, patient).encode(["a"])


def test_waiting_and_encoding_may_be_stopped(server: Server) -> None:
    def stop_between_batches(stage: str, done: int, total: int) -> None:
        if done:
            raise CancelledError(f"{stage}: {done} of {total}")

    def stop_once_asked(stage: str, done: int, total: int) -> None:
        if server.seen:
            raise CancelledError(f"{stage}: {done} of {total}")

    with pytest.raises(CancelledError, check=fault("cancelled", "256 of 400")):
        encoder(server).encode([f"{at}" for at in range(400)], stop_between_batches)
    server.turns.append(status(429, Retry_After="25"))
    server.seen.clear()
    patient = RequestPolicy(attempts=2, longest_s=60)
    with pytest.raises(CancelledError, check=fault("cancelled", "0 of 1")):
        encoder(server, patient).encode(["a"], stop_once_asked)


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        (says(b"<html>not JSON</html>"), "encoder-answer-unusable"),
        (says(b"[" * 200_000), "encoder-answer-unusable"),
        (says([]), "encoder-answer-unusable"),
        (says({"data": None}), "encoder-answer-unusable"),
        (says({"data": []}), "encoder-answer-unusable"),
        (says({"data": ["text"]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": "AAAA"}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": []}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": ["1"] * DIM}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": [None] * DIM}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": [True] * DIM}]}), "encoder-answer-unusable"),
        (says({"data": [{"index": 1, "embedding": [1.0] * DIM}]}), "encoder-answer-unusable"),
        (says({"data": [{"index": "0", "embedding": [1.0] * DIM}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": [1.0] * (DIM - 1)}]}), "encoder-answer-unusable"),
        (says({"data": [{"embedding": [0.0] * DIM}]}), "encoder-vector-unusable"),
        (says({"data": [{"embedding": [float("nan")] * DIM}]}), "encoder-vector-unusable"),
        (says({"data": [{"embedding": [1e300] * DIM}]}), "encoder-vector-unusable"),
        (says({"data": [{"embedding": [10**400] * DIM}]}), "encoder-answer-unusable"),
        (says(b"anything", Content_Encoding="gzip"), "encoder-answer-compressed"),
        (floods, "encoder-answer-too-long"),
    ],
)
def test_an_answer_of_another_shape_is_refused(server: Server, turn: Turn, code: str) -> None:
    server.turns.append(turn)
    with pytest.raises(AetherError, check=fault(code, "127.0.0.1")):
        encoder(server).encode(["a"])
    assert len(server.seen) == 1


def test_rows_of_unlike_length_are_refused(server: Server) -> None:
    server.turns.append(says({"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]}))
    with pytest.raises(AetherError, check=fault("encoder-answer-unusable", "127.0.0.1")):
        encoder(server).encode(["a", "b"])


def test_a_redirect_is_not_followed(server: Server) -> None:
    with embeddings_server() as other:
        server.turns.append(status(307, Location=f"{other.url}/embeddings"))
        with pytest.raises(InputError, check=fault("encoder-address-redirects", 307)):
            encoder(server).encode(["a"])
        assert other.seen == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (400, "encoder-request-refused"),
        (401, "encoder-key-refused"),
        (403, "encoder-key-refused"),
        (404, "encoder-request-refused"),
        (422, "encoder-request-refused"),
    ],
)
def test_the_key_is_shown_nowhere(
    server: Server, number: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.turns.append(status(number, {"error": {"message": f"bad key {KEY} for tiny"}}))
    made = encoder(server)
    with pytest.raises(InputError, check=fault(code, number)) as refused:
        made.encode(["a"])
    shown = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert KEY not in shown + repr(made) + repr(made._endpoint)
    assert len(server.seen) == 1
    if number in {400, 404}:
        assert "bad key *** for tiny" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "api.example.org/v1"}, "encoder-address-invalid"),
        ({"url": "ftp://api.example.org"}, "encoder-address-invalid"),
        ({"url": "https://"}, "encoder-address-invalid"),
        ({"url": "https://[::1"}, "encoder-address-invalid"),
        ({"url": "https://example.org:port"}, "encoder-address-invalid"),
        ({"url": f"https://user:{KEY}@example.org"}, "encoder-address-with-extras"),
        ({"url": f"https://example.org/v1?key={KEY}"}, "encoder-address-with-extras"),
        ({"url": "http://api.example.org/v1"}, "encoder-address-not-encrypted"),
        ({"url": "http://localhost.example.org/v1"}, "encoder-address-not-encrypted"),
        ({"model": " "}, "encoder-model-not-named"),
        ({"dimensions": 0}, "encoder-dimensions-out-of-range"),
        ({"key": f"{KEY}\n"}, "encoder-key-invalid"),
        ({"key": f"{KEY}é"}, "encoder-key-invalid"),
    ],
)
def test_settings_that_cannot_be_used(changes: dict[str, object], code: str) -> None:
    facts = {"url": "https://api.example.org/v1", "model": "tiny"}
    with pytest.raises(InputError, check=fault(code)) as refused:
        EndpointEncoder(Endpoint(**(facts | changes)))
    assert KEY not in str(refused.value)


def test_an_unencrypted_address_that_was_allowed() -> None:
    allowed = Endpoint("http://gpu.example.org:8080/v1/", "tiny", allow_http=True)
    assert EndpointEncoder(allowed).name == "tiny@gpu.example.org:8080"
    for host in ("localhost", "127.0.0.2:11434", "[::1]:80"):
        assert EndpointEncoder(Endpoint(f"http://{host}", "tiny")).name == f"tiny@{host}"


def test_the_servers_order_is_its_index(server: Server) -> None:
    body = {"input": ["a", "b", "c"]}
    shuffled = good(body)["data"]
    server.turns.append(says({"data": [shuffled[1], shuffled[2], shuffled[0]]}))
    assert np.allclose(
        encoder(server).encode(["a", "b", "c"]), [direction(text) for text in "abc"], atol=1e-6
    )
