"""The Bedrock client over the real boto3, against a raw socket for faults that the stand-in does not have."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest

from tests.unit.worker.bedrock.conftest import HarnessFactory
from tests.unit.worker.conftest import BedrockStandIn
from worker.bedrock import client as client_module
from worker.bedrock.error_policies import INVALID_RESPONSE
from worker.call_result import RetryPolicy

Responder = Callable[[socket.socket, Event], None]


@dataclass
class RawServer:
    """A server that reads whole requests and leaves the response to a function of the test."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    client_left: Event = field(default_factory=Event)
    stopped: Event = field(default_factory=Event)


@contextmanager
def run_raw_server(respond: Responder) -> Iterator[RawServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536)
                head, _, body = request.partition(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                while len(body) < length:
                    body += connection.recv(65536)
                server.requests.append(head + b"\r\n\r\n" + body)
                try:
                    respond(connection, server.stopped)
                except OSError:
                    server.client_left.set()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def build_response(status: str, body: bytes, **headers: str) -> Responder:
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in {"Content-Length": str(len(body)), **headers}.items()),
    ]

    def respond(connection: socket.socket, stopped: Event) -> None:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return respond


def drip_response(start: bytes) -> Responder:
    """Send the start, then a byte every 0.05 s until the client leaves or the test ends."""

    def respond(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(start)
        while not stopped.wait(0.05):
            connection.sendall(b"a")

    return respond


def test_a_call_names_model_region_and_both_content_types(
    aws: pytest.MonkeyPatch, make_harness: HarnessFactory
) -> None:
    with run_raw_server(build_response("200 OK", b"{}")) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        make_harness().generate_error()
    head = server.requests[0].lower()
    assert head.startswith(b"post /model/stability.sd3-5-large-v1%3a0/invoke http/1.1\r\n")
    assert b"\r\ncontent-type: application/json\r\n" in head
    assert b"\r\naccept: application/json\r\n" in head
    assert b"/us-west-2/bedrock/aws4_request" in head


@pytest.mark.parametrize(
    ("configured", "model", "called"),
    [
        ("us-east-1", "sdxl", "us-east-1"),
        ("us-west-2", "sdxl", "us-west-2"),
        ("eu-west-3", "sdxl", "us-east-1"),
        ("us-east-1", "sd3.5-large", "us-west-2"),
        (None, "sd3.5-large", "us-west-2"),
    ],
)
def test_the_configured_region_is_called_if_it_serves_the_model_else_the_models_first(
    configured: str | None, model: str, called: str, aws: pytest.MonkeyPatch, make_harness: HarnessFactory
) -> None:
    with run_raw_server(build_response("200 OK", b"{}")) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        make_harness(region=configured).generate_error(model)
    assert f"/{called}/bedrock/aws4_request".encode() in server.requests[0]


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        ("500 Oh", "provider_error", RetryPolicy.ONCE),
        ("502 Bad Gateway", "provider_error", RetryPolicy.ONCE),
        ("503 No", "busy", RetryPolicy.UNLIMITED),
        ("404 Not Found", "misconfigured", RetryPolicy.NEVER),
        ("204 No Content", "invalid_response", RetryPolicy.ONCE),
    ],
)
def test_a_web_page_as_response_is_treated_by_its_status_after_one_call(
    status: str, code: str, retry: RetryPolicy, aws: pytest.MonkeyPatch, make_harness: HarnessFactory
) -> None:
    body = b"" if status.startswith("204") else b"<html>oh</html>"
    with run_raw_server(build_response(status, body, **{"Content-Type": "text/html"})) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        error = make_harness().generate_error()
        time.sleep(0.05)
    assert (error.problem.code, error.retry_policy) == (code, retry)
    assert len(server.requests) == 1


def test_a_refused_connection_is_repeated_without_limit(aws: pytest.MonkeyPatch, make_harness: HarnessFactory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://127.0.0.1:{port}")
    error = make_harness().generate_error()
    assert (error.problem.code, error.retry_policy) == ("unreachable", RetryPolicy.UNLIMITED)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nX-Drip: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n",
    ],
    ids=["headers", "body", "error body"],
)
def test_no_part_of_a_response_may_drip_beyond_the_deadline(
    start: bytes, aws: pytest.MonkeyPatch, make_harness: HarnessFactory
) -> None:
    with run_raw_server(drip_response(start)) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        started_at = time.monotonic()
        error = make_harness(seconds=0.4).generate_error()
        assert time.monotonic() - started_at < 4
        assert (error.problem.code, error.retry_policy) == ("deadline", RetryPolicy.ONCE)
        if start.endswith(b"\r\n\r\n") and b"200" in start:
            assert server.client_left.wait(4), "the connection is still open"


@pytest.mark.parametrize("length", ["", "Content-Length: 4000\r\n"])
def test_a_response_that_is_too_large_is_not_read_to_its_end(
    length: str, aws: pytest.MonkeyPatch, make_harness: HarnessFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 1000)

    def respond(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode() + b"x" * 4000)

    with run_raw_server(respond) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        error = make_harness().generate_error()
    assert (error.problem.code, error.retry_policy) == ("response_too_large", RetryPolicy.NEVER)
    assert error.problem.facts["detail"] == "more than 1000 bytes"


def test_a_streamed_response_that_is_too_large_is_rejected(
    make_harness: HarnessFactory, bedrock: BedrockStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 1000)
    assert make_harness(streaming=("sdxl",)).generate_error("sdxl").problem.facts["detail"] == "more than 1000 bytes"
    assert bedrock.list_calls()


def test_a_response_that_ends_early_is_a_provider_error(aws: pytest.MonkeyPatch, make_harness: HarnessFactory) -> None:
    with run_raw_server(
        build_response("200 OK", b'{"finish_reasons": [null], ', **{"Content-Length": "5000"})
    ) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        error = make_harness().generate_error()
    assert (error.problem.code, error.retry_policy) == ("provider_error", RetryPolicy.ONCE)


def test_an_invalid_event_stream_is_a_bad_answer(aws: pytest.MonkeyPatch, make_harness: HarnessFactory) -> None:
    with run_raw_server(
        build_response("200 OK", b"\0" * 64, **{"Content-Type": "application/vnd.amazon.eventstream"})
    ) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        error = make_harness(streaming=("sdxl",)).generate_error("sdxl")
    assert (error.problem.code, error.retry_policy) == (INVALID_RESPONSE.code, RetryPolicy.ONCE)
