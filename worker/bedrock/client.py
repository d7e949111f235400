"""The client that calls models on Bedrock, each call once and within a deadline.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
"""

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from socket import SHUT_RDWR
from types import MappingProxyType
from typing import Any, Final, assert_never, cast

from botocore.exceptions import ClientError, CredentialRetrievalError

from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Model
from shared.imaging.limits import ImageRejectedError
from shared.outcome import FilteredPart
from shared.problems import Actor
from shared.request.model import Request
from shared.request.output_format import MAX_RESPONSE_BYTES
from shared.request.output_size import MAX_RESULT_PIXELS
from shared.request.pictures import Pictures
from worker.bedrock.deadline import DeadlineExceededError, run_with_deadline
from worker.bedrock.dialects import get_dialect
from worker.bedrock.errors import CALL_ERRORS, classify_error, get_error_name
from worker.bedrock.json_body import InvalidResponseError, ModelResponse
from worker.bedrock.runtime_clients import RuntimeClients
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage
from worker.imaging.verification import verify_image

log = logging.getLogger(__name__)

DEFAULT_ACCOUNTS: Final[Mapping[str, str | None]] = MappingProxyType({DEFAULT_ACCOUNT: None})


class BedrockImageClient:
    """The `ImageModelClient` that calls Bedrock through botocore."""

    def __init__(
        self,
        *,
        region: str | None,
        call_seconds: float,
        concurrency: int,
        streaming: Collection[str] = (),
        sends_metadata: bool = False,
        accounts: Mapping[str, str | None] = DEFAULT_ACCOUNTS,
    ) -> None:
        """Configure the client; connections are opened by the first call.

        `region` None leaves the region to AWS's own configuration; `call_seconds` is the deadline of a call;
        `streaming` holds the keys of the models whose responses are streamed; `sends_metadata`: what a call says about
        its job goes into AWS's log of invocations; `accounts` are those of `parse_accounts`.
        """
        self._runtimes = {
            account: RuntimeClients(region, call_seconds, concurrency, role_arn)
            for account, role_arn in accounts.items()
        }
        self._call_seconds = call_seconds
        self._streaming = frozenset(streaming)
        self._sends_metadata = sends_metadata

    def authorize(self, model: Model, account: str) -> None:
        """Assume the role of an account, if it has one and that is not done.

        Raises `BedrockCallError` (credentials).
        """
        try:
            self._runtimes[account].assume_role()
        except CredentialRetrievalError as error:
            classified = classify_error(error, model, self._call_seconds)
            raise cast("BedrockCallError", classified) from error

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage | FilteredResult:
        """Call the model once.

        Raises `BedrockCallError` if the whole response is not there in time, is an error, or holds no picture.
        """
        dialect, runtime = get_dialect(model.dialect), self._runtimes[account]
        body = dialect.encode(request, model, pictures, seed)
        started_at = time.monotonic()
        result: GeneratedImage | FilteredResult | BedrockCallError
        request_id, cause = "-", None
        try:
            response = run_with_deadline(
                self._call_seconds,
                lambda: self._invoke(runtime, model, body, metadata or {}),
                on_late_result=_close_body,
            )
            request_id = response["ResponseMetadata"].get("RequestId", "-")
            data = _read_body_with_deadline(response["body"], self._call_seconds - (time.monotonic() - started_at))
            seconds = time.monotonic() - started_at
            result = _to_result(dialect.decode(data, model), seed, seconds)
        except CALL_ERRORS as error:
            seconds = time.monotonic() - started_at
            classified = classify_error(error, model, self._call_seconds)
            result = FilteredResult(classified, seconds) if isinstance(classified, FilteredPart) else classified
            cause = error
            request_id = _get_request_id(error) or request_id
        if isinstance(result, BedrockCallError) and result.problem.code == "credentials":
            log.error(
                "AWS refuses the credentials, and jobs wait for them. Renew them; `python -m worker doctor` says more"
            )
            runtime.forget_credentials()
        place = "" if account == DEFAULT_ACCOUNT else f", account {account}"
        said = _describe_result(result, cause)
        log.info("%s: %s in %.2f s, request %s%s", model.key, said, seconds, request_id, place)
        if isinstance(result, BedrockCallError):
            raise result from cause
        return result

    def close(self) -> None:
        """Close the idle connections."""
        for runtime in self._runtimes.values():
            runtime.close()

    def _invoke(self, runtime: RuntimeClients, model: Model, body: bytes, metadata: Mapping[str, str]) -> Any:
        client = runtime.get_client(choose_region(model, runtime.region))
        is_streamed = model.streaming and model.key in self._streaming
        call: Callable[..., Any] = client.invoke_model_with_response_stream if is_streamed else client.invoke_model
        more = {"requestMetadata": json.dumps(metadata)} if self._sends_metadata and metadata else {}
        return call(modelId=model.id, body=body, contentType="application/json", accept="application/json", **more)


def choose_region(model: Model, configured: str | None) -> str | None:
    """Return the configured region if the model is served there, else the first region that serves it."""
    return configured if configured in model.regions or not model.regions else model.regions[0]


def _close_body(response: Any) -> None:
    response["body"].close()


def _read_body_with_deadline(body: Any, seconds: float) -> bytes:
    """Read a body to its end. At the deadline the socket is shut down, which wakes the thread that reads from it."""
    try:
        return run_with_deadline(seconds, lambda: _read_body(body))
    except DeadlineExceededError:
        with suppress(AttributeError, OSError):  # the connection may end or be closed at this very moment
            body._raw_stream.connection.sock.shutdown(SHUT_RDWR)  # noqa: SLF001 - botocore offers no other way to the socket
        raise


def _read_body(body: Any) -> bytes:
    """Read the body of a response, or the chunks of an event stream. Raises `InvalidResponseError` if it is too long.

    A connection whose body was read to its end goes back to the pool; otherwise closing the body ends it.
    """
    with closing(body):
        if hasattr(body, "read"):
            data: bytes = body.read(MAX_RESPONSE_BYTES)
            if body.read(1):  # at the end of the body this compares its length with the announced one
                raise _make_too_large_error()
            return data
        chunks = bytearray()
        for event in body:
            chunks += event.get("chunk", {}).get("bytes", b"")
            if len(chunks) > MAX_RESPONSE_BYTES:
                raise _make_too_large_error()
        return bytes(chunks)


def _make_too_large_error() -> InvalidResponseError:
    return InvalidResponseError("response_too_large", f"more than {MAX_RESPONSE_BYTES} bytes")


def _to_result(
    response: ModelResponse | FilteredPart, sent_seed: int | None, seconds: float
) -> GeneratedImage | FilteredResult:
    match response:
        case FilteredPart():
            return FilteredResult(response, seconds)
        case ModelResponse(data, seed):
            try:
                image_type, width, height = verify_image(data, MAX_RESULT_PIXELS)
            except ImageRejectedError as error:
                raise InvalidResponseError(
                    "invalid_response", f"picture check: {error.code.replace('_', ' ')}"
                ) from error
            is_seed_assumed = seed is None and sent_seed is not None
            if is_seed_assumed:
                log.warning(
                    "the response has a picture and no usable seed: the seed that was sent, %d, counts", sent_seed
                )
            counted_seed = sent_seed if seed is None else seed
            return GeneratedImage(
                data, image_type.media_type, width, height, counted_seed, seconds, is_seed_assumed=is_seed_assumed
            )
        case _:
            assert_never(response)


def _get_request_id(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("ResponseMetadata", {}).get("RequestId", ""))


def _describe_result(result: GeneratedImage | FilteredResult | BedrockCallError, cause: Exception | None) -> str:
    """Describe the result for the log, without prompt and credentials."""
    match result:
        case GeneratedImage():
            return f"{result.media_type} of {result.width} × {result.height}, {len(result.data)} bytes"
        case FilteredResult():
            return f"withheld, {result.part}"
        case BedrockCallError():
            name = get_error_name(cause) if cause else "?"
            # only these messages cannot quote the prompt
            is_safe = result.problem.actor is Actor.OPERATOR or isinstance(cause, InvalidResponseError)
            detail = f": {result.problem.facts['detail']}" if is_safe else ""
            return f"{result.problem.code} ({name}{detail}), repeat: {result.retry_policy}"
        case _:
            assert_never(result)
