"""What is asked of a job: the dataclass of its kind from a JSON document and the files it names."""

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, get_args, get_type_hints

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from aether_core.errors import DiskFullError, InputError
from aether_core.files.whole import atomic_path
from api.answers import queued
from api.limits import JSON_BYTES, json_in
from api.problems import of_fields
from workflows.accounts.acting import check_may
from workflows.accounts.quotas import check_upload
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.inputs import with_paths
from workflows.jobs.job import job_document, start_job
from workflows.jobs.kind import JobKind
from workflows.jobs.room import short_of_room

MOST_FILES: Final = 64
_LONGEST_NAME_BYTES: Final = 200
_REF: Final = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Verb:
    """Something that is done as a job, and how it is asked for.

    Attributes:
        kind: The kind of job; its request is the body.
        about: What it does, in one line.
        withheld: Fields of the request that are not for callers: what the app says to itself.
        in_city: Whether the city must be there.
    """

    kind: JobKind[Any]
    about: str
    withheld: frozenset[str] = frozenset()
    in_city: bool = True

    def body(self) -> dict[str, Any]:
        """The body as OpenAPI describes it."""
        asked = {"$ref": _REF.format(model=self.kind.request.__name__)}
        files = {"type": "array", "items": {"type": "string", "format": "binary"}}
        form = {
            "type": "object",
            "required": ["request"],
            "properties": {"request": asked, "file": files},
            "additionalProperties": False,
        }
        return {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": form,
                    "encoding": {"request": {"contentType": "application/json"}},
                },
                "application/json": {"schema": asked},
            },
        }

    def schemas(self) -> dict[str, Any]:
        """What `body` refers to, by name."""
        schema = TypeAdapter(self.kind.request).json_schema(ref_template=_REF)
        parts: dict[str, Any] = schema.pop("$defs", {})
        shown = {
            name: one for name, one in schema["properties"].items() if name not in self.withheld
        }
        schema["properties"], schema["additionalProperties"] = shown, False
        schema["description"] = (self.kind.request.__doc__ or "").strip()
        return {**parts, self.kind.request.__name__: schema}


async def started(verb: Verb, store: Store, slug: str | None, request: Request) -> Response:
    """Read a request with its files, and start the job.

    Args:
        verb: What is asked.
        store: Where the job is kept.
        slug: The city's short name; the request's own where it has one.
        request: With the document as its body, or as part `request` of a form with the files.

    Raises:
        AetherError: It cannot be done; the message says why.
    """
    check_may(verb.kind.role, f"start {verb.kind.noun}")  # before gigabytes are taken
    short = await run_in_threadpool(short_of_room, store.settings)
    if short is not None:
        raise DiskFullError(short, code="disk-reserved")
    check_upload(store.settings, 0, int(request.headers.get("content-length", 0)))
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        document, files = await _form(store.settings, request)
    else:
        document, files = json_in(await request.body()), []
    try:
        job = await run_in_threadpool(_started, verb, store, slug, document, files)
    except ValidationError as error:
        return of_fields(error.errors(include_url=False, include_input=False))
    return queued(request, job)


async def _form(settings: Settings, request: Request) -> tuple[Any, list[UploadFile]]:
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=1, max_part_size=JSON_BYTES)
    except MultiPartException as error:
        raise InputError(
            "this form cannot be read", error.message, "see docs/api.md", code="form-unreadable"
        ) from None
    if unknown := set(form) - {"request", "file"}:
        raise _unknown(unknown, {"request", "file"})
    texts = [one for one in form.getlist("request") if isinstance(one, str)]
    if not texts:
        raise InputError(
            "the form has no request",
            ", ".join(form) or "(nothing)",
            "send the JSON document as its part `request`",
            code="form-without-request",
        )
    files = [one for one in form.getlist("file") if isinstance(one, UploadFile)]
    check_upload(settings, 0, sum(one.size or 0 for one in files))
    return json_in(texts[0].encode(errors="replace")), files


def _started(
    verb: Verb,
    store: Store,
    slug: str | None,
    document: Any,  # noqa: ANN401 - any JSON
    files: list[UploadFile],
) -> dict[str, Any]:
    check_fields(verb.kind.request, document, withheld=verb.withheld)
    asked = TypeAdapter(verb.kind.request).validate_python(document)
    with _kept(store.settings, files) as there:
        asked = with_paths(asked, lambda path: _sent(there, path))
        job = start_job(store, verb.kind, slug or asked.slug, asked, in_city=verb.in_city)
    return job_document(job)


@contextmanager
def _kept(settings: Settings, files: list[UploadFile]) -> Iterator[Mapping[str, Path]]:
    """Files as uploads of the home, by name, until the job has links of its own."""
    folder = settings.uploads / secrets.token_hex(16)
    there: dict[str, Path] = {}
    try:
        for file in files:
            name = _plain_name(file.filename or "")
            if name in there:
                raise InputError(
                    "two files have one name", name, "rename one of them", code="file-twice"
                )
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(folder / name) as target, target.open("wb") as stream:
                shutil.copyfileobj(file.file, stream)
            there[name] = folder / name
        yield there
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plain_name(given: str) -> str:
    """The last part of a file's name, which alone is used."""
    name = PurePosixPath(given.replace("\\", "/")).name
    if (
        name in {"", ".", ".."}
        or len(name.encode()) > _LONGEST_NAME_BYTES
        or not name.isprintable()
    ):
        raise InputError(
            "a file cannot be called so",
            repr(name),
            f"use a name of at most {_LONGEST_NAME_BYTES} bytes",
            code="file-name-unusable",
        )
    return name


def _sent(there: Mapping[str, Path], path: Path) -> Path:
    """The file that a request names; never one of the server's own."""
    if (found := there.get(str(path))) is None:
        raise InputError(
            "the request names a file that was not sent with it",
            path,
            f"send it as a part `file`; there came: {', '.join(there) or 'none'}",
            code="file-not-sent",
        )
    return found


def check_fields(kind: Any, document: Any, *, withheld: frozenset[str] = frozenset()) -> None:  # noqa: ANN401
    """Refuse fields that a request does not have, on any level: a typing error is no wish.

    Args:
        kind: A type, such as the dataclass of a request.
        document: JSON values for it. What they are is not looked at.
        withheld: Fields of `kind` itself that are refused as well.

    Raises:
        InputError: There is one.
    """
    if is_dataclass(kind) and isinstance(document, Mapping):
        known = {field.name for field in fields(kind) if field.init} - withheld
        if unknown := set(document) - known:
            raise _unknown(unknown, known)
        hints = get_type_hints(kind)
        for name, value in document.items():
            check_fields(hints[name], value)
    elif isinstance(document, list):
        for value in document:
            check_fields(kind, value)
    else:
        for inner in get_args(kind):
            check_fields(inner, document)


def _unknown(names: set[str], known: set[str]) -> InputError:
    shown = re.sub(r"[^\x20-\x7e]", "?", ", ".join(sorted(map(str, names))[:5]))
    return InputError(
        "unknown field", shown, f"there are {', '.join(sorted(known))}", code="unknown-field"
    )
