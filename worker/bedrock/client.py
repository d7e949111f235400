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
from shared.errors import Actor
from shared.outcome import Side
from shared.request import Request
from worker.bedrock.deadline import Overdue, within
from worker.bedrock.dialects import DIALECTS
from worker.bedrock.errors import FAILURES, name_of, verdict
from worker.bedrock.wire import Answer, Unusable
from worker.imaging import PictureRefused, check_answer
from worker.ports import Picture, Trouble, Withheld

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

MAX_ANSWER_BYTES: Final = 25_000_000  # as the service model has it for a body
MAX_ANSWER_PIXELS: Final = 4096 * 4096  # a megapixel upscaled by four, and 4K; what paints answers with a megapixel
CONNECT_SECONDS: Final = 5

log = logging.getLogger(__name__)


class BedrockStudio:
    """The port `Studio` over boto3: one session a process, one client a region, made when first needed.

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
            connect_timeout=min(CONNECT_SECONDS, call_seconds),
            read_timeout=call_seconds,
            max_pool_connections=concurrency,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
        )
        self._clients: dict[str | None, BedrockRuntimeClient] = {}
        self._making = Lock()

    def generate(self, request: Request, model: Model, picture: bytes | None, seed: int | None) -> Picture | Withheld:
        """Call the model once. Raises `Trouble`: no whole answer in time, an error, or an answer without a picture."""
        dialect = DIALECTS[model.dialect]
        body = dialect.encode(request, model, picture, seed)
        started = time.monotonic()
        ending: Picture | Withheld | Trouble
        request_id, cause = "-", None
        try:
            response = within(self._call_seconds, lambda: self._invoke(model, body), drop=_closed)
            request_id = response["ResponseMetadata"].get("RequestId", "-")
            data = _whole(response["body"], self._call_seconds - (time.monotonic() - started))
            seconds = time.monotonic() - started
            ending = _ending(dialect.decode(data, model), seconds)
        except FAILURES as error:
            seconds = time.monotonic() - started
            said = verdict(error, model, self._call_seconds)
            ending = Withheld(said, seconds) if isinstance(said, Side) else said
            cause = error
            request_id = _request_id(error) or request_id
        if isinstance(ending, Trouble) and ending.problem.code == "credentials":
            log.error(
                "AWS refuses the credentials, and jobs wait for them. Renew them; `python -m worker check` says more"
            )
            self._forget_credentials()
        log.info("%s: %s in %.2f s, request %s", model.key, _told(ending, cause), seconds, request_id)
        if isinstance(ending, Trouble):
            raise ending from cause
        return ending

    def close(self) -> None:
        """Close the connections that are kept for the next call."""
        with self._making:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _forget_credentials(self) -> None:
        """Let the next call look for them anew: a session keeps what it found, and a client also that it found none."""
        self.close()
        with self._making:
            self._session = boto3.session.Session(region_name=self._region)

    def _invoke(self, model: Model, body: bytes) -> Any:
        client = self._client(region_for(model, self._session.region_name))
        streamed = model.streaming and model.key in self._streaming
        call: Callable[..., Any] = client.invoke_model_with_response_stream if streamed else client.invoke_model
        return call(modelId=model.id, body=body, contentType="application/json", accept="application/json")

    def _client(self, region: str | None) -> "BedrockRuntimeClient":
        with self._making:
            if region not in self._clients:
                self._clients[region] = self._session.client("bedrock-runtime", region_name=region, config=self._config)
            return self._clients[region]


def region_for(model: Model, configured: str | None) -> str | None:
    """The configured region where the model is served there, else the first one where it is."""
    return configured if configured in model.regions or not model.regions else model.regions[0]


def _closed(response: Any) -> None:
    """Close the connection of an answer that came too late."""
    response["body"].close()


def _whole(body: Any, seconds: float) -> bytes:
    """Read an answer to its end, once. At the deadline the connection is shut, which wakes the thread that reads it."""
    try:
        return within(seconds, lambda: _joined(body))
    except Overdue:
        with suppress(AttributeError, OSError):  # it ended or was closed in this very moment
            body._raw_stream.connection.sock.shutdown(SHUT_RDWR)  # noqa: SLF001 - botocore shows its urllib3 response in no other way
        raise


def _joined(body: Any) -> bytes:
    """The bytes of an answer, or of the chunks of a stream of events. Raises `Unusable` where they are too many.

    What is read to its end gives its connection back to the pool; closing ends that of all else.
    """
    with closing(body):
        if hasattr(body, "read"):
            data: bytes = body.read(MAX_ANSWER_BYTES)
            if body.read(1):  # at the end this compares the length with the announced one
                raise _too_large()
            return data
        joined = bytearray()
        for event in body:
            joined += event.get("chunk", {}).get("bytes", b"")
            if len(joined) > MAX_ANSWER_BYTES:
                raise _too_large()
        return bytes(joined)


def _too_large() -> Unusable:
    return Unusable("bad_answer", f"more than {MAX_ANSWER_BYTES} bytes")


def _ending(answer: Answer | Side, seconds: float) -> Picture | Withheld:
    if isinstance(answer, Side):
        return Withheld(answer, seconds)
    try:
        kind, width, height = check_answer(answer.data, MAX_ANSWER_PIXELS)
    except PictureRefused as refused:
        raise Unusable("bad_answer", f"picture check: {refused.code.replace('_', ' ')}") from refused
    return Picture(answer.data, kind.media_type, width, height, answer.seed, seconds)


def _request_id(error: Exception) -> str:
    return (
        str(error.response.get("ResponseMetadata", {}).get("RequestId", "")) if isinstance(error, ClientError) else ""
    )


def _told(ending: Picture | Withheld | Trouble, cause: Exception | None) -> str:
    """What happened, in facts that hold neither prompt nor key."""
    match ending:
        case Picture():
            return f"{ending.media_type} of {ending.width} × {ending.height}, {len(ending.data)} bytes"
        case Withheld():
            return f"withheld, {ending.side}"
        case Trouble():
            name = name_of(cause) if cause else "?"
            safe = ending.problem.actor is Actor.OPERATOR or isinstance(cause, Unusable)
            words = f": {ending.problem.facts['detail']}" if safe else ""
            return f"{ending.problem.code} ({name}{words}), repeat: {ending.retry}"
