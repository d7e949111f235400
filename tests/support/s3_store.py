"""A store that speaks S3's protocol on loopback: moto's server, in this process. A test can make it slow or refuse."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from shared.addresses.pictures import parse_pictures_address
from shared.pictures.access import S3Access
from shared.pictures.s3_bucket import S3Bucket
from shared.pictures.storage import PictureStorage

BUCKET = "pictures-of-tests"
REGION = "us-west-2"
PICTURES_URL = f"s3://{BUCKET}/waiting?region={REGION}"
ACCESS_KEY = "testing", "a secret for tests"


class S3Store:
    """The store. While `is_down`, it answers each request with 503; `delay_seconds` is added to each.

    `requests` are methods and paths, oldest first.
    """

    def __init__(self, url: str, bucket: S3Bucket) -> None:
        self.url = url
        self.bucket = bucket
        self.is_down = False
        self.delay_seconds = 0.0
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a bot or worker with its pictures here."""
        key_id, secret = ACCESS_KEY
        return {
            "PICTURES_URL": PICTURES_URL,
            "AWS_ENDPOINT_URL_S3": self.url,
            "S3_ACCESS_KEY_ID": key_id,
            "S3_SECRET_ACCESS_KEY": secret,
        }

    def create_storage(self, *, is_external: bool = True) -> PictureStorage:
        """Create a storage on this store, whose client is ready: to make one takes a while."""
        address = self.bucket.address
        storage = PictureStorage(address if is_external else None, S3Access(self.url, *ACCESS_KEY))
        storage._buckets[address.bucket, address.region] = self.bucket
        return storage

    def come_back(self) -> None:
        """Answer as usual again."""
        self.is_down = False

    def reset(self) -> None:
        """Delete all objects, and answer as usual again."""
        self.is_down, self.delay_seconds = False, 0.0
        self.bucket.delete_keys(self.list_keys())
        self.requests.clear()

    def list_keys(self) -> list[str]:
        """List the keys of all objects."""
        reply: Any = self.bucket._client.list_objects_v2(Bucket=BUCKET)
        return sorted(row["Key"] for row in reply.get("Contents", ()))

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any], app: Any) -> Iterable[bytes]:
        """Answer a request as moto does, unless a test has made the store slow or refuse."""
        with self._lock:
            self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        time.sleep(self.delay_seconds)
        if self.is_down:
            start_response("503 Slow Down", [("Content-Type", "text/plain")])
            return [b""]
        reply: Iterable[bytes] = app(environ, start_response)
        return reply


@contextlib.contextmanager
def run_s3_store() -> Iterator[S3Store]:
    """Run the store with one bucket. Skips the test where moto is missing."""
    pytest.importorskip("moto.server", reason="moto is not installed: it has no wheels for this machine")
    from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    class QuietHandler(WSGIRequestHandler):
        """Logs no request."""

        protocol_version = "HTTP/1.1"

        def log_request(self, *_: Any) -> None:
            """Log nothing."""

    app = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1",
        0,
        lambda environ, start: store.answer(environ, start, app),
        threaded=True,
        request_handler=QuietHandler,
    )
    url = f"http://127.0.0.1:{server.server_port}"
    store = S3Store(url, S3Bucket(parse_pictures_address(PICTURES_URL), S3Access(url, *ACCESS_KEY)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        store.bucket._client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        store.requests.clear()
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        moto_api_backend.reset()
        store.bucket.close()
