"""The Bedrock client over the real boto3, against the stand-in."""

import io
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from demo.standins.bedrock.faults import FAULTS, RESPONSE_FAULTS
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue
from shared.outcome import FilteredPart
from shared.request.builder import build_request
from shared.request.output_size import MAX_RESULT_PIXELS
from shared.request.pictures import Pictures
from tests.unit.worker.bedrock.conftest import IMAGE, PROMPT, ClientHarness, HarnessFactory
from tests.unit.worker.conftest import ACCOUNT, BedrockStandIn
from worker.bedrock.client import BedrockImageClient
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy


@pytest.mark.parametrize("model", ["sdxl", "sd3.5-large", "stable-image-core", "stable-image-ultra"])
def test_a_result_has_its_seed_its_size_and_its_duration(
    model: str, shared_harness: ClientHarness, bedrock: BedrockStandIn
) -> None:
    result = shared_harness.generate(model, seed=4294967294)
    assert isinstance(result, GeneratedImage)
    with Image.open(io.BytesIO(result.data)) as opened:
        assert opened.size == (result.width, result.height)
    assert (result.media_type, result.seed) == ("image/png", 4294967294)
    assert 0 < result.duration_seconds < 10
    assert [(call["operation"], call["status"]) for call in bedrock.list_calls()] == [("InvokeModel", 200)]


@pytest.mark.parametrize(
    ("model", "size", "seed"), [("fast-upscale", (2560, 6144), None), ("conservative-upscale", (1975, 4741), 7)]
)
def test_an_upscaler_is_called_by_its_inference_profile_and_returns_a_larger_picture(
    model: str, size: tuple[int, int], seed: int | None, shared_harness: ClientHarness, bedrock: BedrockStandIn
) -> None:
    result = shared_harness.generate(model)
    assert isinstance(result, GeneratedImage)
    assert (result.media_type, result.seed) == ("image/jpeg", seed)
    with Image.open(io.BytesIO(result.data)) as opened:
        assert opened.size == (result.width, result.height) == size
    (call,) = bedrock.list_calls()
    assert call["model"] == shared_harness.catalogue.models[model].id
    assert call["model"].startswith("us.")


def test_the_largest_result_of_an_upscaler_is_accepted(catalogue: Catalogue, shared_client: BedrockImageClient) -> None:
    row = catalogue.models["fast-upscale"]
    request = build_request(catalogue, model=row.key, has_picture=True).request
    source = io.BytesIO()
    Image.effect_noise((1024, 1024), 90).convert("RGB").save(source, "JPEG", quality=95)
    result = shared_client.generate(request, row, Pictures(source.getvalue()), None)
    assert isinstance(result, GeneratedImage)
    assert result.width * result.height == MAX_RESULT_PIXELS


def test_a_row_without_the_needed_inference_profile_is_a_misconfiguration(
    bedrock: BedrockStandIn, make_harness: HarnessFactory
) -> None:
    harness = make_harness()
    row = harness.catalogue.models["fast-upscale"].model_copy(update={"id": "stability.stable-fast-upscale-v1:0"})
    request = build_request(harness.catalogue, model=row.key, has_picture=True).request
    with pytest.raises(BedrockCallError, match="called through an inference profile") as raised:
        harness.client.generate(request, row, Pictures(IMAGE), None)
    assert raised.value.problem.code == "misconfigured"
    assert len(bedrock.list_calls()) == 1


def test_a_streamed_response_is_the_same_picture(make_harness: HarnessFactory, bedrock: BedrockStandIn) -> None:
    whole, streamed = make_harness().generate("sdxl"), make_harness(streaming=("sdxl",)).generate("sdxl")
    assert isinstance(whole, GeneratedImage)
    assert isinstance(streamed, GeneratedImage)
    assert streamed.data == whole.data
    assert [call["operation"] for call in bedrock.list_calls()] == ["InvokeModel", "InvokeModelWithResponseStream"]


def test_a_model_is_streamed_only_if_its_row_allows_it(make_harness: HarnessFactory, bedrock: BedrockStandIn) -> None:
    make_harness(streaming=("sd3.5-large",)).generate("sd3.5-large")
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
    "unknown-reason": "invalid_response",
    "garbage": "invalid_response",
    "empty": "invalid_response",
    "bad-base64": "invalid_response",
    "not-a-picture": "invalid_response",
    "no-images": "invalid_response",
    "huge-picture": "invalid_response",
    "tiny-picture": "invalid_response",
    "too-large": "response_too_large",
    "drop": "provider_error",
    "drop-mid": "provider_error",
}
TESTED_ELSEWHERE = {
    "filtered",
    "filtered-with-image",
    "filter-input",
    "refused",
    "seed-string",
    "no-seed",
    "slow",
    "drip",
    "hang",
    "stream-error",
    "stream-throttle",
}


def test_every_fault_of_the_stand_in_has_a_test() -> None:
    assert set(FAULT_CODES) | TESTED_ELSEWHERE == set(FAULTS)


@pytest.mark.parametrize(
    ("fault", "model"),
    [(fault, "sd3.5-large") for fault in FAULT_CODES]
    + [(fault, "sdxl") for fault in FAULT_CODES if fault in RESPONSE_FAULTS],
)
def test_every_fault_has_its_problem_and_costs_one_call(
    fault: str, model: str, shared_harness: ClientHarness, bedrock: BedrockStandIn
) -> None:
    error = shared_harness.generate_error(model, f"{PROMPT} [{fault}]")
    assert error.problem.code == FAULT_CODES[fault]
    assert PROMPT not in str(error)
    (call,) = bedrock.list_calls()
    if call["billed"]:
        assert error.retry_policy is (RetryPolicy.NEVER if fault == "too-large" else RetryPolicy.ONCE)


@pytest.mark.parametrize(
    ("model", "fault", "part"),
    [
        ("sdxl", "filtered", FilteredPart.OUTPUT),
        ("sdxl", "refused", FilteredPart.PROMPT),
        ("sd3.5-large", "filtered", FilteredPart.OUTPUT),
        ("sd3.5-large", "filtered-with-image", FilteredPart.OUTPUT),
        ("sd3.5-large", "filter-input", FilteredPart.INPUT),
        ("sd3.5-large", "refused", FilteredPart.PROMPT),
    ],
)
def test_a_filtered_result_is_no_error_and_names_the_filtered_part(
    model: str, fault: str, part: FilteredPart, shared_harness: ClientHarness, bedrock: BedrockStandIn
) -> None:
    result = shared_harness.generate(model, f"{PROMPT} [{fault}]")
    assert isinstance(result, FilteredResult)
    assert result.part is part
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize("model", ["sdxl", "sd3.5-large"])
def test_a_seed_may_be_a_string_of_digits(model: str, shared_harness: ClientHarness, bedrock: BedrockStandIn) -> None:
    result = shared_harness.generate(model, f"{PROMPT} [seed-string]")
    assert isinstance(result, GeneratedImage)
    assert (result.seed, result.is_seed_assumed) == (7, False)
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize("model", ["sdxl", "sd3.5-large"])
def test_a_picture_without_a_seed_counts_with_the_seed_that_was_sent(
    model: str, shared_harness: ClientHarness, bedrock: BedrockStandIn
) -> None:
    result = shared_harness.generate(model, f"{PROMPT} [no-seed]")
    assert isinstance(result, GeneratedImage)
    assert (result.seed, result.is_seed_assumed) == (7, True)
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("stream-error", "model_error"), ("stream-throttle", "busy"), ("drop-mid", "provider_error")]
)
def test_an_error_in_a_stream_is_classified_and_repeated_once_at_most(
    fault: str, code: str, make_harness: HarnessFactory, bedrock: BedrockStandIn
) -> None:
    error = make_harness(streaming=("sdxl",)).generate_error("sdxl", f"{PROMPT} [{fault}]")
    assert (error.problem.code, error.retry_policy) == (code, RetryPolicy.ONCE)
    assert len(bedrock.list_calls()) == 1


@pytest.mark.parametrize("streaming", [(), ("sdxl",)])
@pytest.mark.parametrize("fault", ["slow:9", "drip:9", "hang"])
def test_the_deadline_applies_to_the_whole_call(
    fault: str, streaming: tuple[str, ...], make_harness: HarnessFactory, bedrock: BedrockStandIn
) -> None:
    # a prompt of its own: the abandoned call of another case may still arrive
    prompt = f"{PROMPT} [{fault}] {' '.join(streaming) or 'whole'}"
    started_at = time.monotonic()
    error = make_harness(seconds=0.5, streaming=streaming).generate_error("sdxl", prompt)
    assert 0.4 < time.monotonic() - started_at < 4
    assert (error.problem.code, error.retry_policy) == ("deadline", RetryPolicy.ONCE)
    assert "limit: 0.5" in str(error)
    assert len(bedrock.wait_for_calls(prompt)) == 1


@pytest.mark.parametrize("streaming", [(), ("sdxl",)])
def test_consecutive_calls_use_one_connection(
    streaming: tuple[str, ...],
    make_harness: HarnessFactory,
    bedrock: BedrockStandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = make_harness(streaming=streaming)
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        for _ in range(3):
            harness.generate("sdxl")
    assert len(bedrock.list_calls()) == 3
    assert sum("Starting new HTTP connection" in r.getMessage() for r in caplog.records) == 1


def test_many_threads_share_one_client_and_its_pool(
    make_harness: HarnessFactory, bedrock: BedrockStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    harness = make_harness(threads=6)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda seed: harness.generate("stable-image-core", seed=seed), range(1, 7)))
    assert [p.seed for p in results if isinstance(p, GeneratedImage)] == [1, 2, 3, 4, 5, 6]
    assert list(harness.client._runtimes[DEFAULT_ACCOUNT]._clients) == ["us-west-2"]
    assert len(bedrock.list_calls()) == 6
    assert "pool is full" not in caplog.text


def test_each_call_logs_one_line_without_prompt_and_credentials(
    make_harness: HarnessFactory, bedrock: BedrockStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    harness = make_harness()
    with caplog.at_level(logging.INFO, "worker.bedrock"):
        harness.generate("stable-image-core")
        harness.generate("sdxl", f"{PROMPT} [filtered]")
        harness.generate_error("sdxl", f"{PROMPT} [access-denied]")
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("worker.")]
    assert len(lines) == len(bedrock.list_calls()) == 3
    assert "image/png of 1024 × 1024" in lines[0]
    assert "withheld, output picture" in lines[1]
    assert "access_denied (AccessDeniedException: You don't have access" in lines[2]
    assert not any(secret in line for line in lines for secret in (PROMPT, "AKIA", "demo-secret"))
    assert all("request -" not in line for line in lines)


@pytest.mark.parametrize("changed", [{"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}])
def test_wrong_keys_are_a_credentials_error(
    changed: dict[str, str],
    make_harness: HarnessFactory,
    bedrock: BedrockStandIn,
    aws: pytest.MonkeyPatch,
) -> None:
    for name, value in changed.items():
        aws.setenv(name, value)
    assert make_harness().generate_error().problem.code == "credentials"
    assert not any(call["billed"] for call in bedrock.list_calls())


def test_missing_keys_are_a_credentials_error_until_there_are_some(
    make_harness: HarnessFactory, bedrock: BedrockStandIn, aws: pytest.MonkeyPatch
) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    harness = make_harness()
    error = harness.generate_error()
    assert (error.problem.code, error.retry_policy) == ("credentials", RetryPolicy.UNLIMITED)
    assert bedrock.list_calls() == []
    for name, value in ACCOUNT.items():
        aws.setenv(name, value)
    assert isinstance(harness.generate("stable-image-core"), GeneratedImage), "credentials are not searched again"
