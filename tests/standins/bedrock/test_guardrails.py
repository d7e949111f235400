"""ApplyGuardrail of the stand-in, by boto3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.support.bedrock_standin import BedrockStandIn
from tests.support.images import encode_image


def encode(size: tuple[int, int] = (64, 48), form: str = "PNG") -> bytes:
    return encode_image(Image.new("RGB", size, "teal"), form)


def make_block(data: bytes, form: str = "png") -> dict[str, Any]:
    return {"image": {"format": form, "source": {"bytes": data}}}


@pytest.fixture
def standin(bedrock_standin: BedrockStandIn) -> Iterator[BedrockStandIn]:
    yield bedrock_standin
    bedrock_standin.call_control("DELETE", "/control/guardrail")


def apply(standin: BedrockStandIn, *content: Any, name: str = "demoguardrail", version: str = "1") -> Any:
    return standin.runtime.apply_guardrail(
        guardrailIdentifier=name, guardrailVersion=version, source="INPUT", content=content
    )


def test_a_picture_passes_until_the_control_api_says_otherwise(standin: BedrockStandIn) -> None:
    standin.call_control("POST", "/control/guardrail", {"answer": "intervene", "source": "INPUT"})

    blocked, passed = (apply(standin, make_block(encode(form="JPEG"), "jpeg")) for _ in range(2))

    assert blocked["action"] == "GUARDRAIL_INTERVENED"
    (violence,) = blocked["assessments"][0]["contentPolicy"]["filters"]
    assert (violence["action"], violence["detected"]) == ("BLOCKED", True)
    assert (passed["action"], passed["outputs"], passed["assessments"]) == ("NONE", [], [])
    assert passed["usage"]["contentPolicyImageUnits"] == 1
    assert passed["guardrailCoverage"]["images"] == {"guarded": 1, "total": 1}
    picture = {"format": "jpeg", "width": 64, "height": 48, "bytes": len(encode(form="JPEG"))}
    checks = standin.call_control("GET", "/control/guardrail")["calls"]
    assert checks == [{"source": "INPUT", "pictures": [picture], "texts": []}] * 2


def test_a_word_in_a_text_intervenes(standin: BedrockStandIn) -> None:
    texts = ("a castle", "a castle [intervene]")

    passed, blocked = (apply(standin, {"text": {"text": text}}) for text in texts)

    assert (passed["action"], blocked["action"]) == ("NONE", "GUARDRAIL_INTERVENED")
    assert passed["usage"]["contentPolicyUnits"] == 1


@pytest.mark.parametrize(
    "blocks",
    [
        [make_block(encode(form="WEBP"))],
        [make_block(encode(), "jpeg")],
        [make_block(encode((8001, 1)))],
        [make_block(encode() + bytes(4_000_000))],
        [make_block(encode())] * 21,
    ],
    ids=["webp", "another format", "wide", "heavy", "many"],
)
def test_what_the_service_does_not_read_is_refused(blocks: list[Any], standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError) as refused:
        apply(standin, *blocks)

    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(("name", "version"), [("another", "1"), ("demoguardrail", "2")])
def test_an_unknown_guardrail_is_not_found(name: str, version: str, standin: BedrockStandIn) -> None:
    with pytest.raises(ClientError) as refused:
        apply(standin, make_block(encode()), name=name, version=version)

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
