"""The studio over real boto3, against the stand-in and, for what that cannot do, against a socket."""

import io
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest
from PIL import Image

from demo.standins.bedrock.faults import FAULTS, RESPONSE_FAULTS
from shared.catalogue import Catalogue
from shared.outcome import FilteredPart
from shared.request.builder import build_request
from tests.unit.worker.conftest import ACCOUNT, BedrockStandIn
from worker.bedrock import client as client_module
from worker.bedrock.client import BedrockImageClient
from worker.bedrock.errors import ERROR_POLICIES
from worker.ports import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy

PROMPT = "a castle in the fog"


def make_jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (640, 1536), "teal").save(written, "JPEG")
    return written.getvalue()


IMAGE = make_jpeg()


@dataclass(frozen=True)
class ClientHarness:
    """A studio and the shortest way to ask it."""

    catalogue: Catalogue
    client: BedrockImageClient

    def generate(
        self, model: str = "sd3.5-large", prompt: str = PROMPT, seed: int = 7
    ) -> GeneratedImage | FilteredResult:
        row = self.catalogue.models[model]
        has_picture = row.picture != "none"
        words = prompt if row.reads_prompts else None
        request = build_request(self.catalogue, prompt=words, model=model, has_picture=has_picture)
        drawn = seed if "seed" in row.fields else None
        return self.client.generate(request, row, IMAGE if has_picture else None, drawn)

    def generate_error(self, model: str = "sd3.5-large", prompt: str = PROMPT) -> BedrockCallError:
        with pytest.raises(BedrockCallError) as raised:
            self.generate(model, prompt)
        return raised.value


@pytest.fixture
def asking(catalogue: Catalogue) -> Iterator[Callable[..., ClientHarness]]:
    made: list[BedrockImageClient] = []

    def make(
        region: str | None = "us-west-2", seconds: float = 20, streaming: tuple[str, ...] = (), threads: int = 4
    ) -> ClientHarness:
        studio = BedrockImageClient(region=region, call_seconds=seconds, concurrency=threads, streaming=streaming)
        made.append(studio)
        return ClientHarness(catalogue, studio)

    yield make
    for studio in made:
        studio.close()


@pytest.fixture(scope="module")
def kept_studio() -> Iterator[BedrockImageClient]:
    studio = BedrockImageClient(region="us-west-2", call_seconds=20, concurrency=4)
    yield studio
    studio.close()


@pytest.fixture
def kept(catalogue: Catalogue, kept_studio: BedrockImageClient, bedrock: BedrockStandIn) -> ClientHarness:
    """One studio for many tests, its client made in the first of them: making one takes longer than a call."""
    assert bedrock.list_calls() == []
    return ClientHarness(catalogue, kept_studio)


# the stand-in


@pytest.mark.parametrize("model", ["sdxl", "sd3.5-large", "stable-image-core"])
def test_a_picture_comes_with_its_seed_its_size_and_its_seconds(
    model: str, kept: ClientHarness, bedrock: BedrockStandIn
) -> None:
    picture = kept.generate(model, seed=4294967294)
    assert isinstance(picture, GeneratedImage)
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert opened.size == (picture.width, picture.height)
    assert (picture.media_type, picture.seed) == ("image/png", 4294967294)
    assert 0 < picture.duration_seconds < 10
    assert [(call["operation"], call["status"]) for call in bedrock.list_calls()] == [("InvokeModel", 200)]


@pytest.mark.parametrize(
    ("model", "size", "seed"), [("fast-upscale", (2560, 6144), None), ("conservative-upscale", (1859, 4462), 7)]
)
def test_an_upscaler_is_called_by_its_profile_and_answers_with_a_larger_picture(
    model: str, size: tuple[int, int], seed: int | None, kept: ClientHarness, bedrock: BedrockStandIn
) -> None:
    picture = kept.generate(model)
    assert isinstance(picture, GeneratedImage)
    assert (picture.media_type, picture.seed) == ("image/jpeg", seed)
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert opened.size == (picture.width, picture.height) == size
    (call,) = bedrock.list_calls()
    assert call["model"] == kept.catalogue.models[model].id
    assert call["model"].startswith("us.")


def test_the_largest_answer_of_an_upscaler_is_taken(catalogue: Catalogue, kept_studio: BedrockImageClient) -> None:
    row = catalogue.models["fast-upscale"]
    request = build_request(catalogue, model=row.key, has_picture=True)
    written = io.BytesIO()
    Image.effect_noise((1024, 1024), 90).convert("RGB").save(written, "JPEG", quality=95)
    picture = kept_studio.generate(request, row, written.getvalue(), None)
    assert isinstance(picture, GeneratedImage)
    assert picture.width * picture.height == client_module.MAX_IMAGE_PIXELS


def test_the_profile_that_a_row_forgot_is_the_operators_to_mend(
    bedrock: BedrockStandIn, asking: Callable[..., ClientHarness]
) -> None:
    asked = asking()
    row = asked.catalogue.models["fast-upscale"].model_copy(update={"id": "stability.stable-fast-upscale-v1:0"})
    request = build_request(asked.catalogue, model=row.key, has_picture=True)
    with pytest.raises(BedrockCallError, match="called through an inference profile") as raised:
        asked.client.generate(request, row, IMAGE, None)
    assert raised.value.problem.code == "misconfigured"
    assert len(bedrock.list_calls()) == 1


def test_streamed_chunks_are_joined_to_the_same_picture(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn
) -> None:
    whole, streamed = asking().generate("sdxl"), asking(streaming=("sdxl",)).generate("sdxl")
    assert isinstance(whole, GeneratedImage)
    assert isinstance(streamed, GeneratedImage)
    assert streamed.data == whole.data
    assert [call["operation"] for call in bedrock.list_calls()] == ["InvokeModel", "InvokeModelWithResponseStream"]


def test_a_model_is_streamed_only_where_its_row_allows_it(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn
) -> None:
    asking(streaming=("sd3.5-large",)).generate("sd3.5-large")
    assert [call["operation"] for call in bedrock.list_calls()] == ["InvokeModel"]


FAULT_CODES = {
    "access-denied": "access_denied",
    "marketplace-pending": "access_denied",
    "eol": "model_gone",
    "not-found": "model_gone",
    "legacy": "model_gone",
    "validation": "misconfigured",
    "profile": "misconfigured",
    "quota": "quota_exceeded",
    "throttle": "busy",
    "not-ready": "busy",
    "timeout": "model_timeout",
    "model-error": "model_error",
    "internal": "provider_error",
    "unavailable": "busy",
    "unavailable-html": "busy",
    "overloaded": "busy",
    "expired-token": "credentials",
    "invalid-token": "credentials",
    "incomplete-signature": "credentials",
    "request-expired": "credentials",
    "not-authorized": "credentials",
    "error": "model_error",
    "result-error": "model_error",
    "unknown-reason": "bad_answer",
    "garbage": "bad_answer",
    "empty": "bad_answer",
    "bad-base64": "bad_answer",
    "not-a-picture": "bad_answer",
    "no-seed": "bad_answer",
    "no-images": "bad_answer",
    "huge-picture": "bad_answer",
    "tiny-picture": "bad_answer",
    "drop": "provider_error",
    "drop-mid": "provider_error",
}
TESTED_ELSEWHERE = {
    "filtered",
    "filter-input",
    "refused",
    "seed-string",
    "slow",
    "drip",
    "hang",
    "stream-error",
    "stream-throttle",
}


def test_every_fault_of_the_stand_in_is_met_here() -> None:
    assert set(FAULT_CODES) | TESTED_ELSEWHERE == set(FAULTS)


@pytest.mark.parametrize(
    ("fault", "model"),
    [(fault, "sd3.5-large") for fault in FAULT_CODES]
    + [(fault, "sdxl") for fault in FAULT_CODES if fault in RESPONSE_FAULTS],
)
def test_every_fault_has_its_words_and_costs_one_request(
    fault: str, model: str, kept: ClientHarness, bedrock: BedrockStandIn
) -> None:
    trouble = kept.generate_error(model, f"{PROMPT} [{fault}]")
    assert trouble.problem.code == FAULT_CODES[fault]
    assert PROMPT not in str(trouble)
    (call,) = bedrock.list_calls()
    if call["billed"]:
        assert trouble.retry_policy is RetryPolicy.ONCE


@pytest.mark.parametrize(
    ("model", "fault", "side"),
    [
        ("sdxl", "filtered", FilteredPart.OUTPUT),
        ("sdxl", "refused", FilteredPart.PROMPT),
        ("sd3.5-large", "filtered", FilteredPart.OUTPUT),
        ("sd3.5-large", "filter-input", FilteredPart.INPUT),
        ("sd3.5-large", "refused", FilteredPart.PROMPT),
    ],
)
def test_what_the_filter_withholds_is_no_trouble_but_the_side_it_withheld(
    model: str, fault: str, side: FilteredPart, kept: ClientHarness, bedrock: BedrockStandIn
) -> None:
    withheld = kept.generate(model, f"{PROMPT} [{fault}]")
    assert isinstance(withheld, FilteredResult)
    assert withheld.part is side
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize("model", ["sdxl", "sd3.5-large"])
def test_a_seed_in_digits_is_read(model: str, kept: ClientHarness, bedrock: BedrockStandIn) -> None:
    picture = kept.generate(model, f"{PROMPT} [seed-string]")
    assert isinstance(picture, GeneratedImage)
    assert picture.seed == 7
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("stream-error", "model_error"), ("stream-throttle", "busy"), ("drop-mid", "provider_error")]
)
def test_a_stream_that_breaks_goes_through_the_same_table_and_is_repeated_once_at_most(
    fault: str, code: str, asking: Callable[..., ClientHarness], bedrock: BedrockStandIn
) -> None:
    trouble = asking(streaming=("sdxl",)).generate_error("sdxl", f"{PROMPT} [{fault}]")
    assert (trouble.problem.code, trouble.retry_policy) == (code, RetryPolicy.ONCE)
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize("streaming", [(), ("sdxl",)])
@pytest.mark.parametrize("fault", ["slow:9", "drip:9", "hang"])
def test_the_deadline_holds_over_the_whole_call(
    fault: str, streaming: tuple[str, ...], asking: Callable[..., ClientHarness], bedrock: BedrockStandIn
) -> None:
    prompt = f"{PROMPT} [{fault}] {' '.join(streaming) or 'whole'}"  # one that was given up may still be on its way
    started = time.monotonic()
    trouble = asking(seconds=0.5, streaming=streaming).generate_error("sdxl", prompt)
    assert 0.4 < time.monotonic() - started < 4
    assert (trouble.problem.code, trouble.retry_policy) == ("deadline", RetryPolicy.ONCE)
    assert "within 0.5 s" in str(trouble)
    assert len(bedrock.wait_for_calls(prompt)) == 1


@pytest.mark.parametrize("streaming", [(), ("sdxl",)])
def test_calls_one_after_another_use_one_connection(
    streaming: tuple[str, ...],
    asking: Callable[..., ClientHarness],
    bedrock: BedrockStandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = asking(streaming=streaming)
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        for _ in range(3):
            asked.generate("sdxl")
    assert len(bedrock.list_calls()) == 3
    assert sum("Starting new HTTP connection" in r.getMessage() for r in caplog.records) == 1


def test_many_threads_share_one_client_and_its_pool(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    both = asking(threads=6)
    with ThreadPoolExecutor(6) as pool:
        pictures = list(pool.map(lambda seed: both.generate("stable-image-core", seed=seed), range(1, 7)))
    assert [p.seed for p in pictures if isinstance(p, GeneratedImage)] == [1, 2, 3, 4, 5, 6]
    assert list(both.client._clients) == ["us-west-2"]
    assert len(bedrock.list_calls()) == 6
    assert "pool is full" not in caplog.text


def test_the_log_has_one_line_a_call_without_prompt_or_key(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    studio = asking()
    with caplog.at_level(logging.INFO, "worker.bedrock"):
        studio.generate("stable-image-core")
        studio.generate("sdxl", f"{PROMPT} [filtered]")
        studio.generate_error("sdxl", f"{PROMPT} [access-denied]")
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("worker.")]
    assert len(lines) == len(bedrock.list_calls()) == 3
    assert "image/png of 1024 × 1024" in lines[0]
    assert "withheld, output picture" in lines[1]
    assert "access_denied (AccessDeniedException: You don't have access" in lines[2]
    assert not any(secret in line for line in lines for secret in (PROMPT, "AKIA", "demo-secret"))
    assert all("request -" not in line for line in lines)


@pytest.mark.parametrize("changed", [{"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}])
def test_wrong_keys_are_a_matter_of_credentials(
    changed: dict[str, str], asking: Callable[..., ClientHarness], bedrock: BedrockStandIn, aws: pytest.MonkeyPatch
) -> None:
    for name, value in changed.items():
        aws.setenv(name, value)
    assert asking().generate_error().problem.code == "credentials"
    assert not any(call["billed"] for call in bedrock.list_calls())


def test_no_keys_at_all_is_a_matter_of_credentials(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn, aws: pytest.MonkeyPatch
) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    asked = asking()
    trouble = asked.generate_error()
    assert (trouble.problem.code, trouble.retry_policy) == ("credentials", RetryPolicy.UNLIMITED)
    assert bedrock.list_calls() == []
    for name, value in ACCOUNT.items():
        aws.setenv(name, value)
    assert isinstance(asked.generate("stable-image-core"), GeneratedImage), "keys that came later are not looked for"


# a socket

Responder = Callable[[socket.socket, Event], None]


@dataclass
class RawServer:
    """A server that reads whole requests and then does with the connection what the test says."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    client_left: Event = field(default_factory=Event)
    stopped: Event = field(default_factory=Event)


@contextmanager
def run_raw_server(answer: Responder) -> Iterator[RawServer]:
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
                    answer(connection, server.stopped)
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

    def answer(connection: socket.socket, stopped: Event) -> None:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def drip_response(start: bytes) -> Responder:
    """Send the start, then a byte every 0.05 s until the client leaves or the test ends."""

    def answer(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(start)
        while not stopped.wait(0.05):
            connection.sendall(b"a")

    return answer


def test_the_request_names_model_region_and_both_content_types(
    aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    with run_raw_server(build_response("200 OK", b"{}")) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        asking().generate_error()
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
def test_the_configured_region_is_called_where_the_model_is_there_else_the_models_own(
    configured: str | None, model: str, called: str, aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    with run_raw_server(build_response("200 OK", b"{}")) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        asking(region=configured).generate_error(model)
    assert f"/{called}/bedrock/aws4_request".encode() in server.requests[0]


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        ("500 Oh", "provider_error", RetryPolicy.ONCE),
        ("502 Bad Gateway", "provider_error", RetryPolicy.ONCE),
        ("503 No", "busy", RetryPolicy.UNLIMITED),
        ("404 Not Found", "misconfigured", RetryPolicy.NEVER),
        ("204 No Content", "bad_answer", RetryPolicy.ONCE),
    ],
)
def test_a_page_instead_of_an_answer_is_treated_by_its_status_and_asked_for_once(
    status: str, code: str, retry: RetryPolicy, aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    body = b"" if status.startswith("204") else b"<html>oh</html>"
    with run_raw_server(build_response(status, body, **{"Content-Type": "text/html"})) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        trouble = asking().generate_error()
        time.sleep(0.05)
    assert (trouble.problem.code, trouble.retry_policy) == (code, retry)
    assert len(server.requests) == 1


def test_a_refused_connection_waits_because_nothing_was_sent(
    aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://127.0.0.1:{port}")
    trouble = asking().generate_error()
    assert (trouble.problem.code, trouble.retry_policy) == ("unreachable", RetryPolicy.UNLIMITED)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nX-Drip: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n",
    ],
    ids=["headers", "body", "error body"],
)
def test_no_part_of_an_answer_may_drip_beyond_the_deadline(
    start: bytes, aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    with run_raw_server(drip_response(start)) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        started = time.monotonic()
        trouble = asking(seconds=0.4).generate_error()
        assert time.monotonic() - started < 4
        assert (trouble.problem.code, trouble.retry_policy) == ("deadline", RetryPolicy.ONCE)
        if start.endswith(b"\r\n\r\n") and b"200" in start:
            assert server.client_left.wait(4), "the connection is still open"


@pytest.mark.parametrize("length", ["", "Content-Length: 4000\r\n"])
def test_an_answer_that_is_larger_than_any_may_be_is_not_read_to_its_end(
    length: str, aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 1000)

    def answer(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode() + b"x" * 4000)

    with run_raw_server(answer) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        assert asking().generate_error().problem.facts["detail"] == "more than 1000 bytes"


def test_a_streamed_answer_may_not_be_larger_either(
    asking: Callable[..., ClientHarness], bedrock: BedrockStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 1000)
    assert asking(streaming=("sdxl",)).generate_error("sdxl").problem.facts["detail"] == "more than 1000 bytes"
    assert bedrock.list_calls()


def test_an_answer_that_ends_early_is_the_providers_fault(
    aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]
) -> None:
    with run_raw_server(
        build_response("200 OK", b'{"finish_reasons": [null], ', **{"Content-Length": "5000"})
    ) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        trouble = asking().generate_error()
    assert (trouble.problem.code, trouble.retry_policy) == ("provider_error", RetryPolicy.ONCE)


def test_a_stream_of_rubbish_is_a_bad_answer(aws: pytest.MonkeyPatch, asking: Callable[..., ClientHarness]) -> None:
    with run_raw_server(
        build_response("200 OK", b"\0" * 64, **{"Content-Type": "application/vnd.amazon.eventstream"})
    ) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        trouble = asking(streaming=("sdxl",)).generate_error("sdxl")
    assert (trouble.problem.code, trouble.retry_policy) == (ERROR_POLICIES["ParserError"].code, RetryPolicy.ONCE)
