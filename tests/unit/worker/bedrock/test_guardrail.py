"""A guardrail over the real boto3, against the stand-in."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from shared.doctor.findings import Status
from tests.support.images import encode_image, make_noise_image
from tests.unit.worker.conftest import BedrockStandIn
from worker.bedrock.check import check_guardrail
from worker.bedrock.guardrail import BedrockGuardrail, find_arn_region
from worker.ports import CheckedSide, GuardrailError

ARN = "arn:aws:bedrock:eu-central-1:000000000000:guardrail/demoguardrail"
GuardrailFactory = Callable[..., BedrockGuardrail]


@pytest.fixture
def make_guardrail(bedrock: BedrockStandIn) -> Iterator[GuardrailFactory]:
    made: list[BedrockGuardrail] = []

    def build(name: str = "demoguardrail", version: str = "1", region: str = "us-west-2") -> BedrockGuardrail:
        made.append(BedrockGuardrail(name, version, region=region, call_seconds=10, concurrency=2))
        return made[-1]

    bedrock.call_control("DELETE", "/control/guardrail")
    yield build
    bedrock.call_control("DELETE", "/control/guardrail")
    for guardrail in made:
        guardrail.close()


def list_checks(bedrock: BedrockStandIn) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = bedrock.call_control("GET", "/control/guardrail")["calls"]
    return checks


def test_every_picture_is_checked_in_a_form_that_the_service_reads(
    make_guardrail: GuardrailFactory, bedrock: BedrockStandIn
) -> None:
    small = Image.new("RGB", (200, 100), "teal")
    pictures = [
        encode_image(small, "PNG"),
        encode_image(small, "JPEG"),
        encode_image(small, "WEBP"),
        encode_image(make_noise_image((2000, 1500)), "PNG", compress_level=1),
        encode_image(Image.new("RGB", (9000, 40), "teal"), "PNG"),
    ]

    assert make_guardrail().check_pictures(pictures, CheckedSide.INPUT, 20) is False

    (check,) = list_checks(bedrock)
    assert check["source"] == "INPUT"
    seen = [(picture["format"], picture["width"], picture["height"]) for picture in check["pictures"]]
    small_ones = [("png", 200, 100), ("jpeg", 200, 100), ("jpeg", 200, 100)]
    assert seen == [*small_ones, ("jpeg", 2000, 1500), ("jpeg", 8000, 35)]
    assert check["pictures"][0]["bytes"] == len(pictures[0])


@pytest.mark.parametrize("side", CheckedSide)
def test_an_intervention_blocks(side: CheckedSide, make_guardrail: GuardrailFactory, bedrock: BedrockStandIn) -> None:
    bedrock.call_control("POST", "/control/guardrail", {"answer": "intervene", "source": side})
    guardrail, picture = make_guardrail(ARN), encode_image(Image.new("RGB", (64, 64)), "PNG")

    assert guardrail.check_pictures([picture], side, 20) is True
    assert guardrail.check_pictures([picture], side, 20) is False


@pytest.mark.parametrize(
    ("answer", "is_temporary"),
    [
        ("throttle", True),
        ("unavailable", True),
        ("internal", True),
        ("quota", True),
        ("expired-token", True),
        ("access-denied", False),
        ("validation", False),
        ("uncovered", False),
    ],
)
def test_without_a_verdict_the_picture_is_not_let_through(
    answer: str, is_temporary: bool, make_guardrail: GuardrailFactory, bedrock: BedrockStandIn
) -> None:
    bedrock.call_control("POST", "/control/guardrail", {"answer": answer})

    with pytest.raises(GuardrailError) as raised:
        make_guardrail().check_pictures([encode_image(Image.new("RGB", (64, 64)), "PNG")], CheckedSide.OUTPUT, 20)

    assert raised.value.is_temporary is is_temporary


@pytest.mark.parametrize(
    ("name", "version", "picture"),
    [
        ("another", "1", encode_image(Image.new("RGB", (64, 64)), "PNG")),
        ("demoguardrail", "7", encode_image(Image.new("RGB", (64, 64)), "PNG")),
        ("demoguardrail", "1", encode_image(make_noise_image((64, 64)), "WEBP")[:900]),
    ],
    ids=["name", "version", "damaged picture"],
)
def test_what_cannot_be_checked_later_either_is_a_lasting_error(
    name: str, version: str, picture: bytes, make_guardrail: GuardrailFactory
) -> None:
    with pytest.raises(GuardrailError) as raised:
        make_guardrail(name, version).check_pictures([picture], CheckedSide.OUTPUT, 20)

    assert not raised.value.is_temporary


def test_an_address_that_nobody_answers_at_is_asked_again(
    make_guardrail: GuardrailFactory, aws: pytest.MonkeyPatch
) -> None:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")

    with pytest.raises(GuardrailError) as raised:
        make_guardrail().check_pictures([encode_image(Image.new("RGB", (64, 64)), "PNG")], CheckedSide.INPUT, 20)

    assert raised.value.is_temporary


def test_an_arn_names_its_region() -> None:
    assert (find_arn_region(ARN), find_arn_region("demoguardrail")) == ("eu-central-1", None)


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (None, Status.OK, "It checks sources and results."),
        ("intervene", Status.WARNING, "It blocks a plain grey picture."),
        ("uncovered", Status.ERROR, "no filter for pictures. Check GUARDRAIL_ID"),
        ("throttle", Status.ERROR, "Until it answers, no picture is made or shown."),
    ],
)
def test_the_check_of_the_setup_says_how_the_guardrail_is(
    answer: str | None,
    status: Status,
    message: str,
    make_guardrail: GuardrailFactory,
    bedrock: BedrockStandIn,
) -> None:
    if answer:
        bedrock.call_control("POST", "/control/guardrail", {"answer": answer})

    finding = check_guardrail(make_guardrail())

    assert finding.status is status
    assert message in finding.text
