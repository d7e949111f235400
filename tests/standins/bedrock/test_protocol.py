"""What the service asks of every caller, and the form of its answers."""

import json
import signal
import subprocess
import sys
from http.client import HTTPMessage

import pytest
from botocore.exceptions import ClientError

from tests.support.bedrock_standin import (
    API_KEY,
    SD35,
    SDXL,
    BedrockStandIn,
    make_runtime_client,
    make_sd35_body,
    make_sdxl_body,
    open_base64_image,
)

PATH = "/model/stability.sd3-5-large-v1%3A0/invoke"
BEARER = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
SMALL_BODY = json.dumps({"prompt": "a castle", "seed": 3}).encode()


def read_rejection(answer: tuple[int, HTTPMessage, bytes]) -> tuple[int, str, str]:
    status, headers, body = answer
    name, _, address = headers["x-amzn-ErrorType"].partition(":")
    assert address == "http://internal.amazon.com/coral/com.amazon.bedrock/"
    return status, name, json.loads(body)["message"]


def test_a_wrong_secret_key_is_a_signature_that_does_not_match(bedrock_standin: BedrockStandIn) -> None:
    client = make_runtime_client(bedrock_standin.url, secret_key="another")

    with pytest.raises(ClientError) as refused:
        client.invoke_model(modelId=SD35, body=SMALL_BODY, contentType="application/json")

    client.close()
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_unknown_access_key_is_an_invalid_token(bedrock_standin: BedrockStandIn) -> None:
    client = make_runtime_client(bedrock_standin.url, access_key="AKIAANOTHER")

    with pytest.raises(ClientError) as refused:
        client.invoke_model(modelId=SD35, body=SMALL_BODY, contentType="application/json")

    client.close()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_an_api_key_alone_is_enough(bedrock_standin: BedrockStandIn) -> None:
    status, _, body = bedrock_standin.send_request(
        "POST", PATH, SMALL_BODY, BEARER
    )  # boto3 sends no bearer but over https

    assert (status, json.loads(body)["seeds"]) == (200, [3])


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 403, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer another"}, 403, "AccessDeniedException"),
        ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, 400, "IncompleteSignatureException"),
    ],
)
def test_a_caller_without_valid_credentials_is_rejected(
    bedrock_standin: BedrockStandIn, headers: dict[str, str], status: int, code: str
) -> None:
    answer = bedrock_standin.send_request("POST", PATH, SMALL_BODY, {"Content-Type": "application/json", **headers})

    assert read_rejection(answer)[:2] == (status, code)


def test_an_old_signature_is_expired(bedrock_standin: BedrockStandIn) -> None:
    stamped = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIADEMODEMODEMODEMO/20200101/us-west-2/bedrock/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00",
        "X-Amz-Date": "20200101T000000Z",
        "Content-Type": "application/json",
    }

    status, code, message = read_rejection(bedrock_standin.send_request("POST", PATH, SMALL_BODY, stamped))

    assert (status, code) == (403, "InvalidSignatureException")
    assert message.startswith("Signature expired: 20200101T000000Z")


def test_an_answer_carries_a_request_id_and_its_type(bedrock_standin: BedrockStandIn) -> None:
    status, headers, _ = bedrock_standin.send_request("POST", PATH, SMALL_BODY, BEARER)

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert len(headers["x-amzn-RequestId"]) == 36


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream"])
def test_a_body_without_the_json_content_type_is_rejected(bedrock_standin: BedrockStandIn, content_type: str) -> None:
    answer = bedrock_standin.send_request("POST", PATH, SMALL_BODY, {**BEARER, "Content-Type": content_type})

    assert read_rejection(answer)[:2] == (400, "ValidationException")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prompt": NaN}', b'{"prompt": "a", "seed": 1e999}', b"\xff"])
def test_a_body_that_is_no_json_object_is_malformed(bedrock_standin: BedrockStandIn, body: bytes) -> None:
    status, code, message = read_rejection(bedrock_standin.send_request("POST", PATH, body, BEARER))

    assert (status, code) == (400, "ValidationException")
    assert message.startswith("Malformed input request")


def test_a_body_over_the_limit_is_rejected_with_a_message(bedrock_standin: BedrockStandIn) -> None:
    status, code, message = read_rejection(bedrock_standin.send_request("POST", PATH, b" " * 25_000_001, BEARER))

    assert (status, code) == (400, "ValidationException")
    assert "25000000" in message


def test_an_unknown_model_is_an_invalid_identifier(bedrock_standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError, match="The provided model identifier is invalid"):
        bedrock_standin.invoke("stability.stable-diffusion-99", make_sd35_body())


def test_an_unknown_path_is_an_unknown_operation(bedrock_standin: BedrockStandIn) -> None:
    assert read_rejection(bedrock_standin.send_request("POST", "/model/x/converse", b"{}", BEARER))[:2] == (
        404,
        "UnknownOperationException",
    )


def test_a_model_without_streaming_refuses_to_stream(bedrock_standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError, match="The model is unsupported for streaming"):
        bedrock_standin.invoke_streaming(SD35, make_sd35_body())


def test_the_chunks_of_a_streamed_response_form_the_whole_response(bedrock_standin: BedrockStandIn) -> None:
    chunks = bedrock_standin.invoke_streaming(SDXL, make_sdxl_body())

    assert len(chunks) > 1
    assert json.loads(b"".join(chunks)) == bedrock_standin.invoke(SDXL, make_sdxl_body())


def test_the_model_may_be_named_by_its_arn(bedrock_standin: BedrockStandIn) -> None:
    answer = bedrock_standin.invoke(f"arn:aws:bedrock:us-west-2::foundation-model/{SD35}", make_sd35_body())

    assert open_base64_image(answer["images"][0]).format == "PNG"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "demo.standins.bedrock"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")

        process.send_signal(number)

        assert process.wait(5) == 0
        assert "Traceback" not in process.stderr.read()
