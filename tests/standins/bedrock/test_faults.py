"""Every documented word and what boto3 makes of it."""

import base64
import json
import time

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EventStreamError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from PIL import Image, UnidentifiedImageError

from demo.standins.bedrock.faults import ERROR_FAULTS, FAULTS, RESPONSE_FAULTS, TRANSPORT_FAULTS, find_faults
from tests.support.bedrock_standin import (
    SD35,
    SDXL,
    BedrockStandIn,
    make_runtime_client,
    make_sd35_body,
    make_sdxl_body,
    open_base64_image,
)
from tests.support.user import wait_until

CODES = {
    "access-denied": (403, "AccessDeniedException"),
    "marketplace-pending": (403, "AccessDeniedException"),
    "eol": (404, "ResourceNotFoundException"),
    "not-found": (404, "ResourceNotFoundException"),
    "legacy": (404, "ResourceNotFoundException"),
    "validation": (400, "ValidationException"),
    "profile": (400, "ValidationException"),
    "quota": (400, "ServiceQuotaExceededException"),
    "throttle": (429, "ThrottlingException"),
    "not-ready": (429, "ModelNotReadyException"),
    "timeout": (408, "ModelTimeoutException"),
    "model-error": (424, "ModelErrorException"),
    "internal": (500, "InternalServerException"),
    "unavailable": (503, "ServiceUnavailableException"),
    "unavailable-html": (503, "503"),
    "overloaded": (529, "overloaded_error"),
    "expired-token": (403, "ExpiredTokenException"),
    "invalid-token": (403, "InvalidClientTokenId"),
    "incomplete-signature": (400, "IncompleteSignature"),
    "request-expired": (400, "RequestExpired"),
    "not-authorized": (400, "NotAuthorized"),
}


@pytest.mark.parametrize("name", ERROR_FAULTS)
def test_an_error_has_its_status_and_code_and_is_not_billed(bedrock_standin: BedrockStandIn, name: str) -> None:
    with pytest.raises(ClientError) as error:
        bedrock_standin.invoke(SD35, {"prompt": f"a castle [{name}] in fog"})

    response = error.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == CODES[name]
    (call,) = bedrock_standin.list_calls()
    assert (call["status"], call["outcome"], call["billed"]) == (*CODES[name], False)


def test_errors_have_the_fields_that_the_sdk_models_and_callers_need(bedrock_standin: BedrockStandIn) -> None:
    def response(name: str) -> dict[str, object]:
        with pytest.raises(ClientError) as error:
            bedrock_standin.invoke(SD35, {"prompt": f"[{name}]"})
        return {**error.value.response}

    assert response("model-error")["originalStatusCode"] == 500
    assert "MPAgreementBeingCreated" in str(response("marketplace-pending"))
    assert "has reached the end of its life" in str(response("eol"))
    assert "marked by provider as Legacy" in str(response("legacy"))
    assert "'retry-after': '2'" in str(response("overloaded"))


def test_a_fault_word_with_once_affects_each_body_once(bedrock_standin: BedrockStandIn) -> None:
    body = make_sd35_body("a castle [throttle-once]")
    with pytest.raises(ClientError, match="ThrottlingException"):
        bedrock_standin.invoke(SD35, body)

    assert bedrock_standin.invoke(SD35, body)["finish_reasons"] == [None]
    with pytest.raises(ClientError, match="ThrottlingException"):
        bedrock_standin.invoke(SD35, {**body, "seed": 8})


def test_other_words_in_brackets_have_no_effect() -> None:
    assert find_faults(["[castle] [Throttle] throttle [drip-once] [slow:x] [ throttle ]"]) == []


def test_a_fault_word_in_a_negative_prompt_counts_too(bedrock_standin: BedrockStandIn) -> None:
    body = make_sdxl_body(text_prompts=[{"text": "a castle"}, {"text": "[refused]", "weight": -1}])

    with pytest.raises(ClientError, match="One or more prompts contains filtered words"):
        bedrock_standin.invoke(SDXL, body)


@pytest.mark.parametrize(
    ("name", "reason", "billed"),
    [
        ("filtered", "Filter reason: output image", True),
        ("filter-input", "Filter reason: input image", False),
        ("refused", "Filter reason: prompt", False),
        ("error", "Inference error", False),
        ("result-error", "Inference error", False),
    ],
)
def test_sd35_withholds_the_image_and_gives_the_reason(
    bedrock_standin: BedrockStandIn, name: str, reason: str, *, billed: bool
) -> None:
    assert bedrock_standin.invoke(SD35, make_sd35_body(f"[{name}]")) == {"finish_reasons": [reason]}
    assert [(call["outcome"], call["billed"]) for call in bedrock_standin.list_calls()] == [(reason, billed)]


def test_sdxl_rejects_a_prompt_with_an_exception(bedrock_standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError) as error:
        bedrock_standin.invoke(SDXL, make_sdxl_body("[refused]"))

    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["Error"]["Message"].startswith("invalid_prompts\n")
    assert not bedrock_standin.list_calls()[0]["billed"]


@pytest.mark.parametrize("name", ["filtered", "filter-input"])
def test_sdxl_returns_a_blurred_image_when_it_filters(bedrock_standin: BedrockStandIn, name: str) -> None:
    (artifact,) = bedrock_standin.invoke(SDXL, make_sdxl_body(f"[{name}]"))["artifacts"]

    assert (artifact["finishReason"], artifact["seed"]) == ("CONTENT_FILTERED", 7)
    assert open_base64_image(artifact["base64"]).size == (1024, 1024)
    assert bedrock_standin.list_calls()[0]["billed"]


def test_sdxl_reports_failures_in_two_ways(bedrock_standin: BedrockStandIn) -> None:
    assert bedrock_standin.invoke(SDXL, make_sdxl_body("[error]"))["artifacts"][0]["finishReason"] == "ERROR"

    failed = bedrock_standin.invoke(SDXL, make_sdxl_body("[result-error]"))

    assert failed["result"] == "error"
    assert failed["error"].keys() == {"id", "name", "message"}
    assert [call["billed"] for call in bedrock_standin.list_calls()] == [False, False]


@pytest.mark.parametrize("model", [SDXL, SD35])
def test_each_response_fault_corrupts_the_response_as_described(bedrock_standin: BedrockStandIn, model: str) -> None:
    def raw(name: str) -> bytes:
        return bedrock_standin.invoke_raw(
            model, make_sdxl_body(f"[{name}]") if model == SDXL else make_sd35_body(f"[{name}]")
        )

    def image(name: str) -> str:
        answer = json.loads(raw(name))
        text = answer["artifacts"][0]["base64"] if model == SDXL else answer["images"][0]
        assert isinstance(text, str)
        return text

    assert raw("empty") == b""
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(raw("garbage"))
    with pytest.raises(ValueError, match="base64"):
        base64.b64decode(image("bad-base64"), validate=True)
    with pytest.raises(UnidentifiedImageError):
        open_base64_image(image("not-a-picture"))
    with pytest.raises(Image.DecompressionBombError):
        open_base64_image(image("huge-picture"))
    assert open_base64_image(image("tiny-picture")).size == (1, 1)
    assert b'"seed' not in raw("no-seed")
    assert (b'"seed":"7"' if model == SDXL else b'"seeds":["7"]') in raw("seed-string")
    assert (b'"artifacts":[]' if model == SDXL else b'"images":[]') in raw("no-images")
    assert (b"UNDOCUMENTED" if model == SDXL else b"Undocumented reason") in raw("unknown-reason")
    assert all(call["billed"] for call in bedrock_standin.list_calls())


@pytest.mark.parametrize(("name", "error"), [("drop", ConnectionClosedError), ("drop-mid", ResponseStreamingError)])
def test_a_call_whose_connection_is_cut_is_billed(
    bedrock_standin: BedrockStandIn, name: str, error: type[BotoCoreError]
) -> None:
    with pytest.raises(error):
        bedrock_standin.invoke(SD35, make_sd35_body(f"[{name}]"))

    (call,) = bedrock_standin.list_calls()
    assert (call["billed"], call["delivered"], call["status"], call["in_flight"]) == (True, False, None, False)


def test_a_hung_call_is_billed_and_in_flight_until_the_client_disconnects(bedrock_standin: BedrockStandIn) -> None:
    hurried = make_runtime_client(bedrock_standin.url, read_timeout=1)

    with pytest.raises(ReadTimeoutError):
        hurried.invoke_model(modelId=SD35, body=b'{"prompt": "[hang]"}', contentType="application/json")

    def list_calls() -> list[tuple[bool, bool, int | None]]:
        return [(call["billed"], call["in_flight"], call["status"]) for call in bedrock_standin.list_calls()]

    wait_until(lambda: list_calls() == [(True, True, None)], "a billed call in flight")
    hurried.close()
    wait_until(lambda: list_calls() == [(True, False, None)], "a call that is no longer in flight")


def test_a_dripping_body_arrives_slowly_and_completely(bedrock_standin: BedrockStandIn) -> None:
    started = time.monotonic()

    answer = bedrock_standin.invoke(SD35, make_sd35_body("[drip:0.5]"))

    assert time.monotonic() - started >= 0.5
    assert open_base64_image(answer["images"][0]).size[0] > 900


def test_a_slow_response_exceeds_a_short_timeout(bedrock_standin: BedrockStandIn) -> None:
    started = time.monotonic()

    bedrock_standin.invoke(SD35, make_sd35_body("[slow:0.4] [filtered]"))

    assert time.monotonic() - started >= 0.4
    assert bedrock_standin.list_calls()[0]["outcome"] == "Filter reason: output image"


@pytest.mark.parametrize(
    ("name", "code"),
    [("stream-error", "modelStreamErrorException"), ("stream-throttle", "throttlingException")],
)
def test_a_stream_can_fail_in_its_middle(bedrock_standin: BedrockStandIn, name: str, code: str) -> None:
    with pytest.raises(EventStreamError) as error:
        bedrock_standin.invoke_streaming(SDXL, make_sdxl_body(f"[{name}]"))

    assert error.value.response["Error"]["Code"] == code
    assert bedrock_standin.list_calls()[0]["billed"]


def test_every_fault_has_a_description() -> None:
    assert set(FAULTS) == {*ERROR_FAULTS, *RESPONSE_FAULTS, *TRANSPORT_FAULTS}
    assert set(CODES) == set(ERROR_FAULTS)
    assert all(says.endswith(".") and "\n" not in says for says in FAULTS.values())
