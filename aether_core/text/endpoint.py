"""A text encoder behind HTTP: any server with OpenAI's `POST /embeddings`."""

import ipaddress
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import numpy as np

from aether_core.errors import AetherError, InputError
from aether_core.net import RequestPolicy
from aether_core.progress import Progress, silent
from aether_core.text.encoder import STAGE, FloatArray, each_once, unit_rows
from aether_core.text.endpoint_client import EndpointClient

_TEXTS = 256  # of one request; the API allows 2048
_CHARACTERS = 100_000  # of one request; the API allows 300,000 word pieces
_LONGEST_VECTOR = 8192
_BYTES_A_NUMBER = 40  # a float64 in JSON has at most 24 characters, and stands on a line of its own
_NO_ANSWER = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading JSON of another shape than expected raises."""
_ADDRESS = "give an address such as https://api.example.org/v1"


@dataclass(frozen=True)
class Endpoint:
    """Where a text encoder answers.

    Attributes:
        url: Address up to `/embeddings`, such as `https://api.example.org/v1`.
        model: Name of the model there.
        key: Sent as a bearer token; None where the server wants none.
        dimensions: Length asked of the vectors; None for the model's own.
        allow_http: Send texts and key unencrypted to a server that is not this machine.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    allow_http: bool = False


class EndpointEncoder:
    """Encodes sentences by a server with OpenAI's `POST {url}/embeddings`.

    Its name is model, length (where one is asked) and host, such as
    `text-embedding-3-large:384@api.example.org`. One instance may be shared by threads.

    Args:
        endpoint: Where it answers.
        policy: How it is asked.

    Raises:
        InputError: The address, model, key or length cannot be used.
    """

    def __init__(self, endpoint: Endpoint, policy: RequestPolicy = RequestPolicy()) -> None:  # noqa: B008 - frozen
        url = _checked(endpoint)
        self._endpoint = endpoint
        self._host = url.netloc
        length = f":{endpoint.dimensions}" if endpoint.dimensions else ""
        self.name = f"{endpoint.model}{length}@{self._host}"
        self._dim = endpoint.dimensions
        self._first = threading.Lock()
        self._client = EndpointClient(
            endpoint.url.rstrip("/") + "/embeddings",
            host=self._host,
            key=endpoint.key,
            allow_http=url.scheme == "http",  # checked above
            policy=policy,
        )

    @property
    def kept_as(self) -> str:
        """The name: the server computes, whichever machine asks."""
        return self.name

    @property
    def dim(self) -> int:
        """Length of a vector; asks the server once where no length was set."""
        with self._first:
            if self._dim is None:
                self._dim = self._ask(["A place."], silent, 0, 1).shape[1]
            return self._dim

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> FloatArray:
        """Encode sentences, each distinct one once, 256 at most a request.

        A request that fails for the moment (429, 5xx, no connection, no answer) is made again
        after a pause; progress is called before each and while waiting, too.

        Args:
            texts: Sentences.
            progress: Called with the number of distinct sentences done; raising `CancelledError`
                there stops the work.

        Returns:
            float32 `[len(texts), dim]`, unit rows in the order of `texts`.

        Raises:
            InputError: The server refuses the request.
            AetherError: The server does not answer, or not with the vectors asked for.
        """
        return each_once(texts, lambda distinct: self._encode(distinct, progress))

    def _encode(self, texts: list[str], progress: Progress) -> FloatArray:
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        done = 0
        for batch in _requests(texts):
            answer = self._ask(batch, progress, done, len(texts))
            if answer.shape[1] != self.dim:
                raise self._unusable(f"vectors of {answer.shape[1]} instead of {self.dim} numbers")
            vectors[done : done + len(batch)] = answer
            done += len(batch)
            progress(STAGE, done, len(texts))
        return vectors

    def _ask(self, batch: list[str], progress: Progress, done: int, total: int) -> FloatArray:
        document: dict[str, Any] = {
            "model": self._endpoint.model,
            "input": batch,
            "encoding_format": "float",
        }
        if self._endpoint.dimensions:
            document["dimensions"] = self._endpoint.dimensions
        limit = len(batch) * (self._dim or _LONGEST_VECTOR) * _BYTES_A_NUMBER + 2**20

        def check_cancelled() -> None:
            progress(STAGE, done, total)

        body = self._client.post(document, limit=limit, check_cancelled=check_cancelled)
        try:
            vectors = _vectors(body, len(batch))
        except _NO_ANSWER as error:
            raise self._unusable(str(error) or type(error).__name__) from error
        return unit_rows(vectors, self.name)

    def _unusable(self, why: str) -> AetherError:
        return AetherError(
            f"the text encoder at {self._host} returned an unusable answer: {why[:200]}; "
            "check its address, model and dimensions",
            code="encoder-answer-unusable",
        )


def _checked(endpoint: Endpoint) -> SplitResult:
    """The address in parts, once all that was set can be used."""
    try:
        url = urlsplit(endpoint.url)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise InputError(
            "the text encoder's address cannot be read",
            "no address",
            _ADDRESS,
            code="encoder-address-invalid",
        ) from error
    if url.scheme not in {"http", "https"} or not host:
        raise InputError(
            "the text encoder's address is not valid",
            url.scheme or "no scheme",
            _ADDRESS,
            code="encoder-address-invalid",
        )
    if url.username is not None or url.query or url.fragment:
        raise InputError(
            "the text encoder's address may only contain server and path",
            host,
            _ADDRESS,
            code="encoder-address-with-extras",
        )
    if url.scheme == "http" and not (endpoint.allow_http or _is_loopback(host)):
        raise InputError(
            "the text encoder's address is not encrypted",
            f"http at {host}",
            "use https",
            code="encoder-address-not-encrypted",
        )
    if not endpoint.model.strip():
        raise InputError(
            "the text encoder has no model name",
            "nothing",
            "set its model",
            code="encoder-model-not-named",
        )
    if endpoint.dimensions is not None and not 1 <= endpoint.dimensions <= _LONGEST_VECTOR:
        raise InputError(
            f"the text encoder's vectors must have 1 to {_LONGEST_VECTOR} numbers",
            endpoint.dimensions,
            "leave it out for the model's own length",
            code="encoder-dimensions-out-of-range",
        )
    if endpoint.key is not None and not (endpoint.key.isascii() and endpoint.key.isprintable()):
        raise InputError(
            "the text encoder's key contains invalid characters",
            "not shown",
            "copy it again",
            code="encoder-key-invalid",
        )
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _requests(texts: list[str]) -> Iterator[list[str]]:
    """Yield the texts in order, as many as one request may hold."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == _TEXTS or characters + len(text) > _CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _vectors(body: bytes, count: int) -> FloatArray:
    """Read the answer to `count` texts: float32 `[count, dim]` in their order.

    Raises:
        ValueError: It does not hold one vector of numbers a text, all of one length; answers of
            other shapes raise any of `_NO_ANSWER`.
    """
    data = json.loads(body)["data"]
    if len(data) != count:
        raise ValueError(f"{len(data)} vectors for {count} texts")
    place = [entry.get("index", at) for at, entry in enumerate(data)]
    if sorted(place) != list(range(count)):
        raise ValueError("the vectors' indexes are not those of the texts")
    rows = np.asarray([entry["embedding"] for entry in data])
    if rows.ndim != 2 or rows.shape[1] == 0 or rows.dtype.kind not in "fiu":
        raise ValueError("the vectors are not lists of numbers of equal length")
    vectors = np.empty(rows.shape, dtype=np.float32)
    with np.errstate(over="ignore"):  # what overflows is infinite, which is refused next
        vectors[place] = rows
    return vectors
