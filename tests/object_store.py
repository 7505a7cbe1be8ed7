"""A real server of S3's protocol on this machine, with keys that it asks for, and faults."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path

from localbucket import S3Error, S3Handler

KEY, SECRET = "AKIDOFTESTS", "secret-of-tests-0123456789"
BUCKET = "maps"


class ObjectStore:
    """Serves the buckets of a folder on a free port of 127.0.0.1.

    Attributes:
        folder: Holds a folder for each bucket, with a file for each object.
        url: Its address.
        requests: Method and path of each request, in the order in which they came.
        refused: What an object's name contains that this server refuses to take, "" for none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True)
        self.requests: list[tuple[str, str]] = []
        self.refused = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def environment(self) -> dict[str, str]:
        """What leads a client here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "eu-central-1",
        }

    def path(self, name: str) -> Path:
        """The file of an object."""
        return self.folder / BUCKET / name

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(store) -> type[S3Handler]:  # noqa: N805 - the handler's own self is below
        class Handler(S3Handler):
            data_root = store.folder

            def _dispatch(self, action: object) -> None:
                store.requests.append((self.command, self.path))
                super()._dispatch(action)

            def _get_request(self, bucket: str, key: str) -> None:
                self._ask_for_key()
                super()._get_request(bucket, key)

            def _head_request(self, bucket: str, key: str) -> None:
                self._ask_for_key()
                super()._head_request(bucket, key)

            def _post_request(self, bucket: str, key: str) -> None:
                self._ask_for_key()
                super()._post_request(bucket, key)

            def _put(self, bucket: str, key: str) -> None:
                self._ask_for_key()
                if store.refused and store.refused in key:
                    raise S3Error(HTTPStatus.FORBIDDEN, "AccessDenied", "no writing here")
                super()._put(bucket, key)

            def _ask_for_key(self) -> None:
                if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
                    raise S3Error(
                        HTTPStatus.FORBIDDEN, "InvalidAccessKeyId", "the key is not known here"
                    )

        return Handler


@contextmanager
def serving(folder: Path) -> Iterator[ObjectStore]:
    """Serve until the block ends."""
    logging.getLogger("localbucket").setLevel(logging.WARNING)
    store = ObjectStore(folder)
    try:
        yield store
    finally:
        store.close()
