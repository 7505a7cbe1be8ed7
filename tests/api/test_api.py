"""The API's verbs, asked as a program asks them: over ASGI, of a real store."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from starlette.testclient import TestClient

from api.app import api_app
from cli.__main__ import run
from tests.app_fixtures import SLUG, YEAR, CityFiles, set_environment
from tests.task_fixtures import TaskFiles
from workflows.accounts.accounts import add_account, set_role
from workflows.accounts.acting import (
    OPERATOR,
    NotAllowedError,
    Person,
    Role,
    people_are_told_by,
)
from workflows.accounts.groups import add_group, exclude, include, remove_group
from workflows.accounts.keys import add_key, person_with, remove_key
from workflows.home.store import Store
from workflows.jobs.job import list_jobs
from workflows.layers.layers import keep_layer, list_layers
from workflows.search.search import search_cells

Body = dict[str, Any]
PROBLEM = "application/problem+json"


@pytest.fixture
def client(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The API of an installation where nobody has to sign in."""
    set_environment(module_store, monkeypatch)
    return TestClient(_app(module_store, required=False))


def _app(store: Store, *, required: bool) -> Any:
    return api_app(store.settings, lambda: store, required=required, by_cookie=lambda _: None)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def without_time(document: Any) -> Any:
    """A document without what differs from one call to the next."""
    if isinstance(document, list):
        return [without_time(one) for one in document]
    return {key: value for key, value in document.items() if key != "seconds"}


@pytest.mark.usefixtures("jobs_at_once")
def test_it_answers_what_commands_print(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    city = f"/cities/{SLUG}"
    for address, *words in (
        ("/cities", "city", "list"),
        (city, "city", "show", SLUG),
        (f"{city}/years", "city", "list-years", SLUG),
        (f"{city}/search?query=a+night+out&top=3", "search", SLUG, "a night out", "--top", "3"),
        (f"{city}/places?query=pub&top=3", "place", "rank", SLUG, "pub", "--top", "3"),
        (
            f"{city}/ask?question=parks+near+shops&top=3&names_in=fi",
            *("ask", SLUG, "parks near shops", "--top=3", "--names-in=fi"),
        ),
        (
            f"{city}/ask?question=%D9%82%D8%B1%D8%A8+%D8%AD%D8%AF%D9%8A%D9%82%D8%A9&top=3&language=ar",
            *("ask", SLUG, "قرب حديقة", "--top=3", "--language=ar"),
        ),
        (f"{city}/layers", "layer", "list", SLUG),
        (f"{city}/runs", "run", "list", SLUG),
        ("/jobs?limit=30", "job", "list"),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        assert without_time(answer.json()) == without_time(printed(capsys, *words)), address
    main, finnish = (
        client.get(f"{city}/places?query=pub&top=3{more}").json()["results"]
        for more in ("", "&names_in=fi-FI")
    )
    names = [one["name"] for one in main]
    assert [one["main_name"] for one in finnish] == names
    assert any(names)
    assert [one["name"] for one in finnish] == [name and f"{name} suomeksi" for name in names]
    refused = client.get(f"{city}/places?query=pub&names_in=Finnish")
    assert (refused.status_code, refused.json()["code"]) == (422, "names-language-unknown")
    (model,) = client.get(f"{city}/models").json()
    assert model["in_use"]
    assert "folder" not in model


@pytest.mark.usefixtures("jobs_at_once")
def test_a_map_is_made_kept_and_taken_away_in_every_format(
    client: TestClient, task_files: TaskFiles, tmp_path: Path
) -> None:
    request = {
        "labels": {"file": "points.csv", "field": "zone"},
        "fit": {"seeds": 1, "splits": ["random"]},
        "title": "Zones",
    }
    asked = client.post(
        f"/cities/{SLUG}/landuse",
        data={"request": json.dumps(request)},
        files={"file": ("../points.csv", task_files.points.read_bytes())},
    )
    assert asked.status_code == 202, asked.text
    job = client.get(asked.headers["location"]).json()
    assert (job["kind"], job["state"]) == ("landuse", "done"), job
    made = client.get(f"/jobs/{job['job']}/result").json()
    assert {"layer", "classes", "labels_used", "labels_dropped", "cross_validation"} <= set(made)
    layer = f"/cities/{SLUG}/layers/{made['layer']}"
    cells = client.get(layer).json()["features"]
    for ending in ("geojson", "gpkg", "parquet", "csv", "tif"):
        file = client.get(f"{layer}/file", params={"format": ending})
        assert file.status_code == 200, file.text
        assert f"{made['layer']}.{ending}" in file.headers["content-disposition"]
        (tmp_path / f"map.{ending}").write_bytes(file.content)
    assert len(gpd.read_file(tmp_path / "map.gpkg")) == cells
    by_job = client.post(f"{layer}/file", json={"format": "csv"}).json()["job"]
    assert client.get(f"/jobs/{by_job}/file").content == (tmp_path / "map.csv").read_bytes()
    assert client.patch(layer, json={"title": "Other"}).json()["title"] == "Other"
    assert client.delete(layer).json() == {"removed": made["layer"]}
    assert client.delete(layer).status_code == 404


@pytest.mark.usefixtures("jobs_at_once")
def test_a_city_comes_by_upload_and_goes(
    client: TestClient, city_files: CityFiles, module_store: Store
) -> None:
    request = {
        "slug": "second",
        "name": "Second",
        "embedding": [city_files.embedding.name],
        "year": YEAR,
        "pois": city_files.pois.name,
        "boundary": city_files.boundary.name,
        "cell_resolution": 10,
    }
    sent = [city_files.embedding, city_files.pois, city_files.boundary]
    asked = client.post(
        "/cities",
        data={"request": json.dumps(request)},
        files=[("file", (path.name, path.read_bytes())) for path in sent],
    )
    assert asked.status_code == 202, asked.text
    added = client.get(f"/jobs/{asked.json()['job']}/result").json()
    assert (added["slug"], added["read"]["pois"]["used"]) == ("second", added["pois"])
    assert not list(module_store.settings.uploads.glob("*"))  # the job has its own
    assert client.post("/cities", json=request).json()["code"] == "file-not-sent"
    assert client.delete("/cities/second").json() == {"removed": "second"}
    assert client.get("/cities/second").status_code == 404


@pytest.fixture
def keys(module_store: Store) -> Iterator[dict[str, str]]:
    """A key of each scope, of an admin's account."""
    with suppress(Exception):
        add_account(module_store, "anna", "correct horse battery", Role.ADMIN)
    scopes = ("read", "write", "admin")
    yield {one: add_key(module_store, "anna", f"k-{one}", one)[1] for one in scopes}
    for one in scopes:
        remove_key(module_store, "anna", f"k-{one}")


WRITING = (
    ("post", "/cities", {"slug": "x"}),
    ("delete", f"/cities/{SLUG}", None),
    ("post", f"/cities/{SLUG}/years", {}),
    ("delete", f"/cities/{SLUG}/years/2024", None),
    ("post", f"/cities/{SLUG}/landuse", {}),
    ("post", f"/cities/{SLUG}/socioeconomic", {}),
    ("post", f"/cities/{SLUG}/estimate", {}),
    ("post", f"/cities/{SLUG}/changes", {"query": "a", "year_from": 1, "year_to": 2}),
    ("post", f"/cities/{SLUG}/layers", {"kind": "search", "query": "a park"}),
    ("post", f"/cities/{SLUG}/models/{SLUG}-1/use", None),
    ("post", f"/cities/{SLUG}/runs", {}),
    ("post", "/runs/1/cancel", None),
    ("post", "/runs/1/resume", None),
)
"""Every verb that changes something and finds what it needs in Tinytown."""


@pytest.mark.usefixtures("no_worker")
def test_an_outsiders_attacks_fail(
    module_store: Store, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(module_store, monkeypatch)
    client = TestClient(_app(module_store, required=True))

    def refused(answer: Any) -> tuple[int, str]:
        assert answer.headers["content-type"] == PROBLEM, answer.text
        assert "Traceback" not in answer.text
        told = answer.json()
        assert told["status"] == answer.status_code
        return answer.status_code, told["code"]

    for address in ("/cities", "/openapi.json", "/docs", "/nowhere", "/jobs/1/file"):
        assert refused(client.get(address)) == (401, "api-key-missing")
    expired = add_key(module_store, "anna", "old", "admin")[1]
    with module_store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE api_key SET expires_at = now() - interval '1 second' WHERE name = 'old'"
        )
    for wrong in ("", "aether_", keys["read"][:-1], f"{keys['read']}x", expired, "é" * 9):
        header = {"X-API-Key": wrong.encode()}
        assert refused(client.get("/cities", headers=header)) == (401, "api-key-refused"), wrong
    for header in ("Bearer", "Basic !!", "Basic YTpi", "Digest x", f"Basic {keys['read']}"):
        answer = client.get("/cities", headers={"Authorization": header})
        assert refused(answer) == (401, "api-key-refused"), header
    remove_key(module_store, "anna", "old")

    reader = TestClient(client.app, headers={"Authorization": f"Bearer {keys['read']}"})
    assert reader.get("/cities").status_code == 200
    assert TestClient(client.app).get("/cities", auth=("any", keys["read"])).status_code == 200
    for method, address, body in WRITING:
        assert refused(reader.request(method, address, json=body)) == (403, "not-allowed"), address
    writer = TestClient(client.app, headers={"X-API-Key": keys["write"]})
    assert refused(writer.delete(f"/cities/{SLUG}")) == (403, "not-allowed")

    huge = {"Content-Length": str(10**9 * 3), "Content-Type": "multipart/form-data; boundary=a"}
    limits: tuple[tuple[tuple[int, str], dict[str, Any]], ...] = (
        ((413, "body-too-large"), {"content": b"", "headers": huge}),
        ((413, "body-too-large"), {"json": {"slug": "x" * 2_000_000}}),
        (
            (413, "body-too-large"),
            {"content": b"x" * 1_100_000, "headers": TEXT},
        ),
        ((422, "json-too-deep"), {"content": b"[" * 900_000, "headers": JSON}),
        ((422, "json-too-deep"), {"content": b'{"a":' * 40 + b"1" + b"}" * 40, "headers": JSON}),
        ((422, "not-json"), {"content": b'"\\"' * 300_000, "headers": JSON}),
        ((422, "not-json"), {"content": b"\xff{", "headers": JSON}),
        ((422, "unknown-field"), {"json": {"slug": "x", "link_files": True}}),
        ((422, "unknown-field"), {"json": {"slug": "x", "options": {"crz": 1}}}),
        ((422, "request-invalid"), {"json": {"slug": "x"}}),
        ((422, "request-invalid"), {"json": []}),
        ((422, "form-without-request"), {"data": {}, "files": {"file": ("a", b"b")}}),
        ((422, "unknown-field"), {"data": {"request": "{}"}, "files": {"other": ("a", b"b")}}),
    )
    for expected, sent in limits:
        assert refused(writer.post("/cities", **sent)) == expected, expected
    small = module_store.settings.model_copy(update={"upload_limit_mb": 1})
    streamed = TestClient(_app(Store(small, module_store.url, module_store.engine), required=False))
    form = {"Content-Type": "multipart/form-data; boundary=a"}
    answer = streamed.post("/cities", content=unannounced(), headers=form)
    assert refused(answer) == (413, "body-too-large")
    quota = module_store.settings.model_copy(update={"account_upload_mb": 1})
    limited = TestClient(_app(Store(quota, module_store.url, module_store.engine), required=True))
    header = {"X-API-Key": keys["write"], **form}
    for content in (unannounced(), b"".join(unannounced())):  # found out, and told before
        answer = limited.post("/cities", content=content, headers=header)
        assert refused(answer) == (429, "quota-reached")
    # Where no files are taken, a form is held in memory: it is no longer than JSON.
    answer = writer.post(f"/cities/{SLUG}/layers", content=unannounced(), headers=form)
    assert refused(answer) == (413, "body-too-large")
    city = {"slug": "x", "name": "X", "year": YEAR}
    for path in ("/etc/passwd", "../../etc/passwd", "a.tif/../a.tif", "http://localhost/a.tif"):
        named = writer.post("/cities", json={**city, "embedding": [path]})
        assert refused(named) == (422, "file-not-sent"), path
    for address, status in (
        (f"/cities/{SLUG}/search?query=a&unknown=1", 422),
        (f"/cities/{SLUG}/search", 422),
        (f"/cities/{SLUG}/search?query={'a' * 3000}", 422),
        (f"/cities/{SLUG}/similar?lon=nan&lat=1", 422),
        (f"/cities/{SLUG}/search?query=park&top=0", 422),
        (f"/cities/{SLUG}'%20OR%201=1--/search?query=park", 404),
        ("/cities/..%2f..%2fetc", 404),
        ("/jobs/99999999999999999999", 422),
        ("/jobs/1%00", 422),
        (f"/cities/{SLUG}%00", 422),
    ):
        assert refused(reader.get(address))[0] == status, address
    assert refused(reader.put("/cities")) == (405, "method-not-allowed")


@pytest.mark.parametrize("address", ["/cities", f"/cities/{SLUG}/layers"])
def test_an_upload_that_is_cut_leaves_nothing(
    module_store: Store, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """With files and without: no job, no file, and no mistake of ours in the log."""
    set_environment(module_store, monkeypatch)
    errors = module_store.settings.logs / "errors.log"
    before = len(list_jobs(module_store)), list_layers(module_store, SLUG), errors.exists()
    kind = b"multipart/form-data; boundary=a" if address == "/cities" else JSON_TYPE
    half = list(unannounced())[:9] if address == "/cities" else [b'{"kind": "search", "query": "']
    came = [{"type": "http.request", "body": part, "more_body": True} for part in half]
    sent: list[Any] = []

    async def receive() -> Any:
        return came.pop(0) if came else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", kind)]
    scope = {"type": "http", "method": "POST", "path": address, "raw_path": address.encode()}
    scope |= {"query_string": b"", "headers": headers, "client": ("127.0.0.1", 1), "root_path": ""}
    scope |= {"scheme": "http", "server": ("127.0.0.1", 80), "http_version": "1.1"}
    asyncio.run(_app(module_store, required=False)(scope, receive, send))
    assert sent == []
    assert not list(module_store.settings.uploads.glob("*"))
    after = len(list_jobs(module_store)), list_layers(module_store, SLUG), errors.exists()
    assert after == before


JSON_TYPE = b"application/json"


def unannounced() -> Iterator[bytes]:
    """A file that grows beyond the limit, without a word on its size."""
    yield b'--a\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'
    for _ in range(30):
        yield b"x" * 100_000
    yield b'\r\n--a\r\nContent-Disposition: form-data; name="request"\r\n\r\n{}\r\n--a--\r\n'


JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}


def test_a_key_never_does_more_than_its_account(module_store: Store, keys: dict[str, str]) -> None:
    person = person_with(module_store, keys["admin"])
    assert person is not None
    assert (person.name, person.role) == ("anna", Role.ADMIN)
    set_role(module_store, "anna", Role.VIEWER)
    person = person_with(module_store, keys["admin"])
    assert person is not None
    assert person.role is Role.VIEWER
    set_role(module_store, "anna", Role.ADMIN)
    with module_store.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT * FROM api_key").all()
    assert not any(key in repr(kept) for key in keys.values())


def test_a_city_of_a_group_is_not_there_for_others(module_store: Store) -> None:
    key = {}
    for name in ("inside", "outside"):
        add_account(module_store, name, "correct horse battery", Role.ANALYST)
        key[name] = {"X-API-Key": add_key(module_store, name, "k", "write")[1]}
    add_group(module_store, "roads")
    include(module_store, "roads", accounts=["inside"], cities=[SLUG])
    layer = keep_layer(module_store, search_cells(module_store, SLUG, "a park")).layer
    client = TestClient(_app(module_store, required=True))
    people_are_told_by(nobody)
    try:
        assert [one["slug"] for one in client.get("/cities", headers=key["inside"]).json()] == [
            SLUG
        ]
        assert client.get("/cities", headers=key["outside"]).json() == []
        assert client.get("/jobs", headers=key["outside"]).json() == []
        assert client.get("/ogc/collections", headers=key["outside"]).json()["collections"] == []
        for address in (
            f"/cities/{SLUG}",
            f"/cities/{SLUG}/search?query=park",
            f"/cities/{SLUG}/layers",
            "/jobs/1",
            "/runs/1",
            f"/ogc/collections/places.{SLUG}/items",
            f"/ogc/collections/places.{SLUG}/tiles/WebMercatorQuad/1/0/1",
            f"/cities/{SLUG}/layers/{layer}/picture/tiles/1/0/1",
        ):
            assert client.get(address, headers=key["outside"]).status_code == 404, address
            assert client.get(address, headers=key["inside"]).status_code == 200, address
    finally:
        people_are_told_by(lambda: OPERATOR)
        exclude(module_store, "roads", cities=[SLUG])
        remove_group(module_store, "roads")


def nobody() -> Person:
    """As in the web app's process, where who asks shows a key or has signed in."""
    raise NotAllowedError("nobody is signed in")
