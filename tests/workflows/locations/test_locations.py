"""A disk's folder and a bucket's prefix do the same, and a bucket's faults are told."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether_core.errors import AetherError, InputError, NotFoundError
from tests.errors import fault
from tests.object_store import BUCKET, KEY, SECRET, ObjectStore, serving
from workflows.home.settings import Settings
from workflows.locations import bucket as bucket_module
from workflows.locations.addresses import location_of
from workflows.locations.bucket import BucketPrefix
from workflows.locations.disk import DiskFolder
from workflows.locations.location import Location


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with serving(tmp_path / "store") as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(params=["disk", "bucket"])
def location(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, store: ObjectStore
) -> Location:
    assert store.url
    addresses = {"disk": str(tmp_path / "a" / "b"), "bucket": f"s3://{BUCKET}/a/b/"}
    return location_of(settings, addresses[request.param])


def test_both_kinds_keep_files_alike(
    location: Location, settings: Settings, tmp_path: Path
) -> None:
    assert location.is_empty()
    location.begin(("room",))
    assert location.is_there()
    assert location.read("room/one.json") is None
    with pytest.raises(FileNotFoundError), location.file("room/one.json"):
        pass
    location.write("room/one.json", b"1")
    location.write("room/one.json", b"one")
    with location.writing("room/two words.bin") as path:
        path.write_bytes(b"two" * 100_000)
    made = location.workplace("other", settings.regions) / "three.tif"
    made.write_bytes(b"three")
    location.take(made, "other/three.tif")
    assert not location.is_empty()
    assert list(location.files()) == ["other/three.tif", "room/one.json", "room/two words.bin"]
    assert list(location.files("room")) == ["room/one.json", "room/two words.bin"]
    assert location.files("roo") == {}
    assert location.read_all(["room/one.json", "none", "other/three.tif"]) == [
        b"one",
        None,
        b"three",
    ]
    assert location.files()["room/two words.bin"].bytes == 300_000
    with location.file("room/two words.bin") as path:
        assert (path.name, path.read_bytes()) == ("two words.bin", b"two" * 100_000)
    assert not isinstance(location, BucketPrefix) or not path.exists()
    assert location.local_folder("index", tmp_path) != location.local_folder("other", tmp_path)


def test_an_address_may_name_one_file(location: Location, settings: Settings) -> None:
    location.begin(("room",))
    location.write("room/one.tif", b"one")
    named = location_of(settings, f"{location.address}/room/one.tif").as_file()
    assert named == (location_of(settings, f"{location.address}/room"), "one.tif")
    assert named[0].read(named[1]) == b"one"
    for other in ("", "/room", "/room/on", "/room/one.tif/x"):
        assert location_of(settings, f"{location.address}{other}").as_file() is None


def test_a_file_that_is_not_finished_is_not_there(location: Location) -> None:
    location.begin(("room",))
    location.write("room/a", b"before")

    def stopped() -> None:
        with location.writing("room/a") as path:
            path.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    assert location.read("room/a") == b"before"
    assert list(location.files()) == ["room/a"]


def test_a_large_file_is_sent_in_parts_and_is_there_all_at_once(
    settings: Settings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_ONE_PUT_BYTES", 5 * 1024**2)
    location = location_of(settings, f"s3://{BUCKET}/large")
    content = bytes(range(256)) * 45_000
    with location.writing("x.bin") as path:
        path.write_bytes(content)
    sent = [path for method, path in store.requests if method == "PUT"]
    assert len([path for path in sent if "partNumber" in path]) == len(sent) == 3
    with location.file("x.bin") as path:
        assert path.read_bytes() == content


def test_a_version_changes_with_the_content_alone(settings: Settings, store: ObjectStore) -> None:
    location = location_of(settings, f"s3://{BUCKET}")
    location.write("a", b"1")
    first = location.version("a")
    location.write("a", b"1")
    assert location.version("a") == first is not None
    store.path("a").write_bytes(b"2")
    assert location.version("a") not in {first, None}
    assert location.version("none") is None
    assert location.files()["a"].version == location.version("a")


def test_what_a_store_refuses_is_told(
    settings: Settings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = location_of(settings, f"s3://{BUCKET}/x")
    nowhere = location_of(settings, "s3://no-such-maps/x")
    for use in (lambda: nowhere.begin(()), lambda: nowhere.write("a", b"")):
        with pytest.raises(NotFoundError, check=fault("no-such-bucket", "no-such-maps", store.url)):
            use()
    assert not nowhere.is_there()
    store.refused = "x/"
    with pytest.raises(InputError, check=fault("bucket-access-denied", there.address)):
        there.write("a", b"")
    store.refused = ""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFNOBODY")
    bucket_module._opened.cache_clear()
    for use in (lambda: there.begin(()), lambda: there.read("a"), lambda: there.version("a")):
        with pytest.raises(InputError, check=fault("bucket-access-denied")) as caught:
            use()
        assert not any(word in repr(caught.value) for word in ("AKIDOFNOBODY", SECRET))
    assert not there.is_there()


def test_a_store_that_does_not_answer_is_told(
    settings: Settings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_TRIES", 1)
    bucket_module._opened.cache_clear()
    location = location_of(settings, f"s3://{BUCKET}/y")
    store.close()
    with pytest.raises(AetherError, check=fault("bucket-not-reachable", store.url)) as caught:
        location.begin(())
    assert not any(word in repr(caught.value) for word in (KEY, SECRET))


def test_no_key_travels_with_a_location(settings: Settings, store: ObjectStore) -> None:
    import pickle

    location = location_of(settings, f"s3://{BUCKET}/x")
    location.write("a", b"1")
    sent = pickle.dumps(location)
    assert not any(word.encode() in sent for word in (KEY, SECRET))
    assert pickle.loads(sent).read("a") == b"1"  # noqa: S301 - what was just made
    assert store.url in repr(location)


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("http://store.example.org", "bucket-without-encryption"),
        ("http://127.0.0.1.example.org", "bucket-without-encryption"),
        ("ftp://store.example.org", "bucket-endpoint-unreadable"),
        ("store.example.org", "bucket-endpoint-unreadable"),
        ("https://key:secret@store.example.org", "bucket-endpoint-unreadable"),
    ],
)
def test_endpoints_are_spoken_to_in_secret(
    endpoint: str, code: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(InputError, check=fault(code)) as caught:
        location_of(settings, f"s3://{BUCKET}")
    assert "secret@" not in str(caught.value)


def test_plain_http_needs_a_setting_and_aws_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    allowed = Settings(home=tmp_path, network_allow_http=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://other.example.org")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://store.example.org:9000")
    found = location_of(allowed, "s3://maps//a/b/")
    assert found == BucketPrefix("maps", "a/b", "http://store.example.org:9000", "us-east-1", True)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    found = location_of(allowed, "s3://maps")
    assert found == BucketPrefix("maps", "", None, "us-east-1", False)


def test_addresses_that_name_nothing_are_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert location_of(settings, str(tmp_path)) == DiskFolder(tmp_path)
    for address in ("s3://", "s3:///a", "s3://key:secret@maps/a", "s3://maps/a?x=1"):
        with pytest.raises(InputError, check=fault("bucket-address-unreadable")) as caught:
            location_of(settings, address)
        assert "secret@" not in str(caught.value)
    with pytest.raises(InputError, check=fault("no-such-location", "gs://")):
        location_of(settings, "gs://maps/a")

    def absent(_name: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(AetherError, check=fault("object-store-not-installed", "obstore==0.12.1")):
        location_of(settings, "s3://maps")
