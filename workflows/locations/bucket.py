"""A prefix of a bucket, by S3's protocol: AWS's own, or a server of one's own.

Keys come from the environment of the process that reads or writes (AWS_ACCESS_KEY_ID and its like,
or the role of the machine), are given to the library and to nobody else, and stand in no error.
"""

import hashlib
import importlib.metadata
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aether_core.errors import AetherError, InputError, NotFoundError
from aether_core.files.held_folder import hold_folder, remove_left
from workflows.locations.location import Stored

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME: Final = "s3://"
_PACKAGE: Final = "obstore"
_INSTALL: Final = "pip install obstore==0.12.1"
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_USUAL_REGION: Final = "us-east-1"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ONE_PUT_BYTES: Final = 64 * 1024**2
"""Up to here a file is one request; a larger one is sent in parts of this size."""
_PARTS_AT_ONCE: Final = 2
_READ_BYTES: Final = 8 * 1024**2
_READ_AT_ONCE: Final = 16
_ANSWER: Final = timedelta(seconds=10)
_SILENCE: Final = timedelta(seconds=60)
_TRIES: Final = 4


@dataclass(frozen=True)
class BucketPrefix:
    """The objects of a bucket whose names begin alike.

    Attributes:
        bucket: Its name.
        prefix: What names begin with, without a slash at either end; "" for all.
        endpoint: Address of the server, None for AWS's own.
        region: Of the bucket.
        allow_http: Whether the endpoint may be spoken to without encryption.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    allow_http: bool

    @property
    def address(self) -> str:
        """s3://BUCKET/PREFIX."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def begin(self, rooms: Sequence[str]) -> None:  # noqa: ARG002
        """Ask the bucket for something: names need no folders, and errors are best told now."""
        self._first()

    def is_there(self) -> bool:
        """Whether the bucket lists its objects to this process."""
        try:
            self._first()
        except AetherError:
            return False
        return True

    def is_empty(self) -> bool:
        """Whether the bucket lists no object below the prefix."""
        return self._first() is None

    def as_file(self) -> "tuple[BucketPrefix, str] | None":
        """What the names beside an object begin with, and its own, where the prefix is its name."""
        import obstore

        if not self.prefix:
            return None
        try:
            with self._told():
                obstore.head(self._store(), self.prefix)
        except FileNotFoundError:
            return None
        before, _, name = self.prefix.rpartition("/")
        return replace(self, prefix=before), name

    def files(self, under: str = "") -> dict[str, Stored]:
        """Every object below a name, as the bucket lists them."""
        import obstore

        start, found = self._key(under), dict[str, Stored]()
        skipped = len(self.prefix) + 1 if self.prefix else 0
        with self._told():
            for page in obstore.list(self._store(), prefix=start or None):
                for meta in page:
                    found[meta["path"][skipped:]] = Stored(meta["size"], meta["e_tag"])
        return dict(sorted(found.items()))

    def read(self, name: str) -> bytes | None:
        """An object, or None where there is none."""
        import obstore

        try:
            with self._told():
                return bytes(obstore.get(self._store(), self._key(name)).bytes())
        except FileNotFoundError:
            return None

    def read_all(self, names: Sequence[str]) -> list[bytes | None]:
        """Several at a time: each is waited for."""
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            return list(pool.map(self.read, names))

    def write(self, name: str, content: bytes) -> None:
        """Write by a single request."""
        import obstore

        with self._told():
            obstore.put(self._store(), self._key(name), content, use_multipart=False)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Write a scratch file, which is sent when the block ends well."""
        with _scratch() as folder:
            path = folder / Path(name).name
            yield path
            self._send(path, name)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A scratch file with the object's content, deleted afterwards."""
        with _scratch() as folder:
            path = folder / Path(name).name
            self.fetch(name, path)
            yield path

    def fetch(self, name: str, path: Path) -> None:
        """Write an object's content to a path of this machine.

        Raises:
            FileNotFoundError: There is no such object.
        """
        import obstore

        with self._told(), path.open("wb") as file:
            for part in obstore.get(self._store(), self._key(name)).stream(_READ_BYTES):
                file.write(part)

    def version(self, name: str) -> str | None:
        """The tag that the server gives each content of an object; None where there is none."""
        import obstore

        try:
            with self._told():
                return obstore.head(self._store(), self._key(name))["e_tag"]
        except FileNotFoundError:
            return None

    def workplace(self, name: str, cache: Path) -> Path:
        """A folder below the cache, of this address."""
        folder = self.local_folder(name, cache)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def take(self, path: Path, name: str) -> None:
        """Send it, and delete it here."""
        self._send(path, name)
        path.unlink()

    def local_folder(self, name: str, cache: Path) -> Path:
        """A folder below the cache, of this address."""
        whose = f"{self.endpoint} {self.address}"
        return cache / hashlib.sha256(whose.encode()).hexdigest()[:16] / name

    def _first(self) -> str | None:
        """The first name that the bucket lists."""
        import obstore

        with self._told():
            for page in obstore.list(self._store(), prefix=self.prefix or None, chunk_size=1):
                for meta in page:
                    return meta["path"]
        return None

    def _send(self, path: Path, name: str) -> None:
        """One request, or parts that become an object all at once."""
        import obstore

        with self._told():
            obstore.put(
                self._store(),
                self._key(name),
                path,
                use_multipart=path.stat().st_size > _ONE_PUT_BYTES,
                chunk_size=_ONE_PUT_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def _key(self, name: str) -> str:
        return "/".join(part for part in (self.prefix, name) if part)

    def _store(self) -> "S3Store":
        return _opened(self.bucket, self.endpoint, self.region, self.allow_http, os.getpid())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what the server or the library says, by its fault alone.

        Raises:
            FileNotFoundError: There is no such object.
        """
        _check_installed()
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" not in str(error):
                raise
            raise self._no_bucket() from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise self._denied() from None
        except BaseError as error:
            # An answer is repeated in these words, with the key's name: they are not passed on.
            words = str(error)
            if "NoSuchBucket" in words:
                raise self._no_bucket() from None
            if "AccessKeyId" in words or "403 Forbidden" in words:
                raise self._denied() from None
            raise AetherError(
                f"the object store does not answer, or not as it should: {self.address} at "
                f"{self.endpoint or 'AWS'}; look at AWS_ENDPOINT_URL, AWS_REGION and the network, "
                "and run the same command again: what is done is kept",
                code="bucket-not-reachable",
            ) from None

    def _no_bucket(self) -> NotFoundError:
        return NotFoundError(
            "there is no such bucket",
            f"{self.bucket} at {self.endpoint or f'AWS, {self.region}'}",
            "make it, or look at its name, AWS_ENDPOINT_URL and AWS_REGION",
            code="no-such-bucket",
        )

    def _denied(self) -> InputError:
        return InputError(
            "the object store denies access",
            self.address,
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of somebody who may list, read and "
            "write there",
            code="bucket-access-denied",
        )


def bucket_prefix(address: str, allow_http: bool) -> BucketPrefix:
    """The place that s3://BUCKET/PREFIX means, with the server that the environment names.

    Args:
        address: As given.
        allow_http: Whether a server that is not this machine may be spoken to unencrypted.

    Raises:
        AetherError: The library is not installed.
        InputError: The address names no bucket, or the server's may not be used.
    """
    _check_installed()
    parts = urlsplit(address)
    if not parts.netloc or "@" in parts.netloc or ":" in parts.netloc or parts.query:
        raise InputError(
            "the address names no bucket",
            f"{SCHEME}..." if "@" in address else address,
            "write s3://BUCKET/PREFIX; the server and keys come from AWS_ENDPOINT_URL, "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            code="bucket-address-unreadable",
        )
    endpoint = _first_set(_ENDPOINTS)
    return BucketPrefix(
        bucket=parts.netloc,
        prefix="/".join(part for part in parts.path.split("/") if part),
        endpoint=endpoint,
        region=_first_set(_REGIONS) or _USUAL_REGION,
        allow_http=endpoint is not None and _may_be_plain(endpoint, allow_http),
    )


def _may_be_plain(endpoint: str, allow_http: bool) -> bool:
    """Whether the endpoint is plain http, and may be."""
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise InputError(
            "AWS_ENDPOINT_URL is no address of a server",
            f"{parts.scheme}://{parts.hostname}",
            "write https://HOST or https://HOST:PORT, without a key",
            code="bucket-endpoint-unreadable",
        )
    if parts.scheme == "https":
        return False
    if not allow_http and parts.hostname not in _LOOPBACK:
        raise InputError(
            "the object store would be spoken to without encryption",
            endpoint,
            "give an https address, or set AETHER_NETWORK_ALLOW_HTTP=1 in a network of your own",
            code="bucket-without-encryption",
        )
    return True


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder of this process alone in TMPDIR; what killed processes of this user left goes."""
    parent, name = Path(tempfile.gettempdir()), f"bucket-{os.getuid()}"
    remove_left(parent, name)
    held = hold_folder(parent, name)
    try:
        yield held.path
    finally:
        held.remove()


def _first_set(names: Sequence[str]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


def _check_installed() -> None:
    try:
        importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise AetherError(
            f"object stores need a package that is not installed: {_INSTALL}",
            code="object-store-not-installed",
        ) from None


@lru_cache(maxsize=8)
def _opened(
    bucket: str,
    endpoint: str | None,
    region: str,
    allow_http: bool,
    _process: int,
) -> "S3Store":
    """A client of this process: its threads do not come along when one is forked."""
    from obstore.store import S3Store

    return S3Store(
        bucket,
        endpoint=endpoint or f"https://s3.{region}.amazonaws.com",
        region=region,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": allow_http,
            "connect_timeout": _ANSWER,
            "read_timeout": _SILENCE,
            "timeout": timedelta(hours=1),
        },
        retry_config={"max_retries": _TRIES, "retry_timeout": _SILENCE},
    )
