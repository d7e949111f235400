"""The studio: Bedrock's two ways of invoking a model, each call made once and within a deadline over the whole of it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
"""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from socket import SHUT_RDWR
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from shared.catalogue import Model
from shared.outcome import FilteredPart
from shared.problems import Actor
from shared.request.model import Request
from worker.bedrock.deadline import DeadlineExceededError, run_with_deadline
from worker.bedrock.dialects import DIALECTS
from worker.bedrock.errors import CALL_ERRORS, classify_error, get_error_name
from worker.bedrock.json_body import InvalidResponseError, ModelResponse
from worker.imaging import ImageRejectedError, verify_image
from worker.ports import BedrockCallError, FilteredResult, GeneratedImage

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

MAX_RESPONSE_BYTES: Final = 25_000_000  # as the service model has it for a body
MAX_IMAGE_PIXELS: Final = 4096 * 4096  # a megapixel upscaled by four, and 4K; what paints answers with a megapixel
CONNECT_TIMEOUT_SECONDS: Final = 5

log = logging.getLogger(__name__)


class BedrockImageClient:
    """The port `FakeImageModelClient` over boto3: one session a process, one client a region, made when first needed.

    boto3's sessions are not safe to share between threads and its clients are, so a lock stands around the making:
    https://docs.aws.amazon.com/boto3/latest/guide/clients.html
    """

    def __init__(
        self, *, region: str | None, call_seconds: float, concurrency: int, streaming: Collection[str] = ()
    ) -> None:
        """`region` None leaves it to AWS's own configuration; `streaming` names the models (keys) to stream."""
        self._region = region
        self._session = boto3.session.Session(region_name=region)
        self._call_seconds = call_seconds
        self._streaming = frozenset(streaming)
        self._config = Config(
            connect_timeout=min(CONNECT_TIMEOUT_SECONDS, call_seconds),
            read_timeout=call_seconds,
            max_pool_connections=concurrency,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
        )
        self._clients: dict[str | None, BedrockRuntimeClient] = {}
        self._clients_lock = Lock()

    def generate(
        self, request: Request, model: Model, picture: bytes | None, seed: int | None
    ) -> GeneratedImage | FilteredResult:
        """Call the model once.

        Raises `BedrockCallError`: no whole answer in time, an error, or an answer without a picture.
        """
        dialect = DIALECTS[model.dialect]
        body = dialect.encode(request, model, picture, seed)
        started = time.monotonic()
        ending: GeneratedImage | FilteredResult | BedrockCallError
        request_id, cause = "-", None
        try:
            response = run_with_deadline(
                self._call_seconds, lambda: self._invoke(model, body), on_late_result=_close_body
            )
            request_id = response["ResponseMetadata"].get("RequestId", "-")
            data = _read_body_with_deadline(response["body"], self._call_seconds - (time.monotonic() - started))
            seconds = time.monotonic() - started
            ending = _to_result(dialect.decode(data, model), seconds)
        except CALL_ERRORS as error:
            seconds = time.monotonic() - started
            said = classify_error(error, model, self._call_seconds)
            ending = FilteredResult(said, seconds) if isinstance(said, FilteredPart) else said
            cause = error
            request_id = _get_request_id(error) or request_id
        if isinstance(ending, BedrockCallError) and ending.problem.code == "credentials":
            log.error(
                "AWS refuses the credentials, and jobs wait for them. Renew them; `python -m worker check` says more"
            )
            self._forget_credentials()
        log.info("%s: %s in %.2f s, request %s", model.key, _describe_result(ending, cause), seconds, request_id)
        if isinstance(ending, BedrockCallError):
            raise ending from cause
        return ending

    def close(self) -> None:
        """Close the connections that are kept for the next call."""
        with self._clients_lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _forget_credentials(self) -> None:
        """Let the next call look for them anew: a session keeps what it found, and a client also that it found none."""
        self.close()
        with self._clients_lock:
            self._session = boto3.session.Session(region_name=self._region)

    def _invoke(self, model: Model, body: bytes) -> Any:
        client = self._get_client(choose_region(model, self._session.region_name))
        streamed = model.streaming and model.key in self._streaming
        call: Callable[..., Any] = client.invoke_model_with_response_stream if streamed else client.invoke_model
        return call(modelId=model.id, body=body, contentType="application/json", accept="application/json")

    def _get_client(self, region: str | None) -> "BedrockRuntimeClient":
        with self._clients_lock:
            if region not in self._clients:
                self._clients[region] = self._session.client("bedrock-runtime", region_name=region, config=self._config)
            return self._clients[region]


def choose_region(model: Model, configured: str | None) -> str | None:
    """The configured region where the model is served there, else the first one where it is."""
    return configured if configured in model.regions or not model.regions else model.regions[0]


def _close_body(response: Any) -> None:
    """Close the connection of an answer that came too late."""
    response["body"].close()


def _read_body_with_deadline(body: Any, seconds: float) -> bytes:
    """Read an answer to its end, once. At the deadline the connection is shut, which wakes the thread that reads it."""
    try:
        return run_with_deadline(seconds, lambda: _read_body(body))
    except DeadlineExceededError:
        with suppress(AttributeError, OSError):  # it ended or was closed in this very moment
            body._raw_stream.connection.sock.shutdown(SHUT_RDWR)  # noqa: SLF001 - botocore shows its urllib3 response in no other way
        raise


def _read_body(body: Any) -> bytes:
    """Read the body of a response, or the chunks of an event stream.

    Raises `InvalidResponseError` if it is too long.
    What is read to its end gives its connection back to the pool; closing ends that of all else.
    """
    with closing(body):
        if hasattr(body, "read"):
            data: bytes = body.read(MAX_RESPONSE_BYTES)
            if body.read(1):  # at the end this compares the length with the announced one
                raise _make_too_large_error()
            return data
        joined = bytearray()
        for event in body:
            joined += event.get("chunk", {}).get("bytes", b"")
            if len(joined) > MAX_RESPONSE_BYTES:
                raise _make_too_large_error()
        return bytes(joined)


def _make_too_large_error() -> InvalidResponseError:
    return InvalidResponseError("bad_answer", f"more than {MAX_RESPONSE_BYTES} bytes")


def _to_result(response: ModelResponse | FilteredPart, seconds: float) -> GeneratedImage | FilteredResult:
    if isinstance(response, FilteredPart):
        return FilteredResult(response, seconds)
    try:
        kind, width, height = verify_image(response.data, MAX_IMAGE_PIXELS)
    except ImageRejectedError as refused:
        raise InvalidResponseError("bad_answer", f"picture check: {refused.code.replace('_', ' ')}") from refused
    return GeneratedImage(response.data, kind.media_type, width, height, response.seed, seconds)


def _get_request_id(error: Exception) -> str:
    return (
        str(error.response.get("ResponseMetadata", {}).get("RequestId", "")) if isinstance(error, ClientError) else ""
    )


def _describe_result(result: GeneratedImage | FilteredResult | BedrockCallError, cause: Exception | None) -> str:
    """What happened, in facts that hold neither prompt nor key."""
    match result:
        case GeneratedImage():
            return f"{result.media_type} of {result.width} × {result.height}, {len(result.data)} bytes"
        case FilteredResult():
            return f"withheld, {result.part}"
        case BedrockCallError():
            name = get_error_name(cause) if cause else "?"
            safe = result.problem.actor is Actor.OPERATOR or isinstance(cause, InvalidResponseError)
            words = f": {result.problem.facts['detail']}" if safe else ""
            return f"{result.problem.code} ({name}{words}), repeat: {result.retry_policy}"
