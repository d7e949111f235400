"""The control API, the books and the control plane."""

import base64
import hashlib
import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from tests.support.bedrock_standin import (
    CORE,
    SD35,
    SDXL,
    BedrockStandIn,
    make_image_base64,
    make_sd35_body,
    make_sdxl_body,
)


def test_the_call_log_holds_every_call_with_its_picture_described(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.invoke(SDXL, make_sdxl_body(init_image=make_image_base64(form="PNG")))
    with pytest.raises(ClientError):
        bedrock_standin.invoke(SD35, {"prompt": 3})

    made, refused = bedrock_standin.list_calls()

    data = base64.b64decode(make_image_base64(form="PNG"))
    assert made["body"]["init_image"] == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "format": "PNG",
        "width": 1024,
        "height": 1024,
    }
    assert made["body"]["text_prompts"] == [{"text": "a castle in fog"}]
    assert (made["model"], made["operation"], made["status"], made["outcome"]) == (SDXL, "InvokeModel", 200, "SUCCESS")
    assert (made["seed"], made["billed"], made["delivered"], made["in_flight"]) == (7, True, True, False)
    assert abs(made["time"] - time.time()) < 60
    assert (refused["status"], refused["outcome"], refused["billed"]) == (400, "ValidationException", False)


def test_a_running_call_is_in_flight(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("POST", "/control/latency", {SD35: 0.5})
    caller = threading.Thread(target=bedrock_standin.invoke, args=(SD35, make_sd35_body()))
    caller.start()
    deadline = time.monotonic() + 5
    while not bedrock_standin.list_calls() and time.monotonic() < deadline:
        time.sleep(0.01)

    (call,) = bedrock_standin.list_calls()
    caller.join(10)

    assert (call["in_flight"], call["billed"], call["status"]) == (True, False, None)
    assert bedrock_standin.list_calls()[0]["billed"]


def test_a_scheduled_fault_affects_the_given_number_of_calls(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("POST", "/control/faults", {"fault": "unavailable", "times": 2})

    for _ in range(2):
        with pytest.raises(ClientError, match="ServiceUnavailableException"):
            bedrock_standin.invoke(CORE, {"prompt": "a"})

    assert bedrock_standin.invoke(CORE, {"prompt": "a"})["finish_reasons"] == [None]


def test_a_scheduled_fault_affects_only_matching_calls(bedrock_standin: BedrockStandIn) -> None:
    order = {"fault": "throttle", "times": 1, "match": {"model": CORE, "prompt": "castle"}}
    bedrock_standin.call_control("POST", "/control/faults", order)

    bedrock_standin.invoke(CORE, {"prompt": "a boat"})
    bedrock_standin.invoke(SD35, make_sd35_body("a castle"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        bedrock_standin.invoke(CORE, {"prompt": "a castle"})


def test_scheduled_faults_can_be_listed_and_cleared(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("POST", "/control/faults", {"fault": "slow:5"})
    assert [order["fault"] for order in bedrock_standin.call_control("GET", "/control/faults")["waiting"]] == ["slow"]

    bedrock_standin.call_control("DELETE", "/control/faults")

    assert bedrock_standin.call_control("GET", "/control/faults")["waiting"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/control/faults", {"fault": "earthquake"}),
        ("POST", "/control/faults", {"fault": "slow:soon"}),
        ("POST", "/control/faults", {"fault": "throttle", "times": 0}),
        ("POST", "/control/faults", {"fault": "throttle", "match": {"seed": 1}}),
        ("POST", "/control/latency", {"seconds": -1}),
        ("POST", "/control/latency", {"another": 1}),
        ("PUT", f"/control/models/{SD35}", {"status": "GONE"}),
        ("PUT", "/control/models/another", {"status": "EOL"}),
        ("PUT", f"/control/models/{SD35}", []),
    ],
)
def test_an_invalid_control_request_is_rejected_with_a_message(
    bedrock_standin: BedrockStandIn, method: str, path: str, body: object
) -> None:
    status, _, answer = bedrock_standin.send_request(method, path, json.dumps(body).encode())

    assert status == 400
    assert len(json.loads(answer)["message"].split(". ")) >= 2


def test_latency_can_be_set_for_all_and_for_one(bedrock_standin: BedrockStandIn) -> None:
    assert bedrock_standin.call_control("POST", "/control/latency", {"seconds": 0, CORE: 0.3}) == {
        "seconds": 0,
        CORE: 0.3,
    }
    started = time.monotonic()

    bedrock_standin.invoke(CORE, {"prompt": "a"})

    assert time.monotonic() - started >= 0.3
    assert bedrock_standin.call_control("POST", "/control/latency", {CORE: None}) == {"seconds": 0}


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("EOL", "ResourceNotFoundException", "has reached the end of its life"),
        ("forbidden", "AccessDeniedException", "You don't have access to the model"),
    ],
)
def test_a_model_can_be_at_its_end_of_life_or_forbidden(
    bedrock_standin: BedrockStandIn, status: str, code: str, words: str
) -> None:
    bedrock_standin.call_control("PUT", f"/control/models/{SD35}", {"status": status})

    with pytest.raises(ClientError, match=words) as error:
        bedrock_standin.invoke(SD35, make_sd35_body())

    assert error.value.response["Error"]["Code"] == code


def test_a_new_call_log_is_empty(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.invoke(CORE, {"prompt": "a"})

    bedrock_standin.call_control("DELETE", "/control/calls")

    assert bedrock_standin.list_calls() == []


def test_the_control_plane_lists_the_models(bedrock_standin: BedrockStandIn) -> None:
    listed = bedrock_standin.control_plane.list_foundation_models(byProvider="Stability AI", byOutputModality="IMAGE")

    ids = {summary["modelId"] for summary in listed["modelSummaries"]}
    assert {SDXL, SD35, CORE} <= ids
    assert bedrock_standin.control_plane.list_foundation_models(byProvider="Amazon")["modelSummaries"] == []


def test_the_control_plane_describes_a_model(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("PUT", f"/control/models/{SD35}", {"status": "LEGACY"})

    details = bedrock_standin.control_plane.get_foundation_model(modelIdentifier=SD35)["modelDetails"]

    assert details["modelLifecycle"]["status"] == "LEGACY"
    assert details["inputModalities"] == ["TEXT", "IMAGE"]
    assert details["inferenceTypesSupported"] == ["ON_DEMAND"]
    assert details["responseStreamingSupported"] is False
    assert bedrock_standin.invoke(SD35, make_sd35_body())["finish_reasons"] == [None]


def test_the_control_plane_tells_whether_a_model_may_be_used(bedrock_standin: BedrockStandIn) -> None:
    may = bedrock_standin.control_plane.get_foundation_model_availability(modelId=SD35)
    bedrock_standin.call_control("PUT", f"/control/models/{SD35}", {"status": "forbidden"})
    may_not = bedrock_standin.control_plane.get_foundation_model_availability(modelId=SD35)

    assert (may["authorizationStatus"], may["agreementAvailability"]["status"]) == ("AUTHORIZED", "AVAILABLE")
    assert (may_not["authorizationStatus"], may_not["entitlementAvailability"]) == ("NOT_AUTHORIZED", "NOT_AVAILABLE")


def test_the_control_plane_does_not_know_an_unknown_or_ended_model(bedrock_standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bedrock_standin.control_plane.get_foundation_model(modelIdentifier="stability.another")
    bedrock_standin.call_control("PUT", f"/control/models/{SD35}", {"status": "EOL"})
    with pytest.raises(ClientError, match="end of its life"):
        bedrock_standin.control_plane.get_foundation_model(modelIdentifier=SD35)


def test_the_control_plane_requires_credentials_too(bedrock_standin: BedrockStandIn) -> None:
    status, headers, _ = bedrock_standin.send_request("GET", "/foundation-models")

    assert status == 403
    assert headers["x-amzn-ErrorType"].startswith("MissingAuthenticationTokenException:")
