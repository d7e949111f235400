"""Calls of the image services over HTTP: every option at both ends, every unhappy end, the metadata of a call."""

from typing import Any

import pytest
from PIL import Image, ImageDraw

from demo.standins.bedrock.faults import RESPONSE_FAULTS
from shared.catalogue import Catalogue, FieldSpec, Model, load_catalogue
from shared.outcome import FilteredPart
from shared.request.builder import build_request
from shared.request.model import MaskKind, Request
from shared.request.pictures import Pictures
from tests.support.images import encode_image
from tests.unit.worker.bedrock.conftest import HarnessFactory
from tests.unit.worker.bedrock.test_client import FAULT_CODES
from tests.unit.worker.conftest import BedrockStandIn
from worker.bedrock.client import BedrockImageClient
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.imaging.pictures import prepare_pictures

SERVICES = [model.key for model in load_catalogue() if model.dialect == "image-service"]
SOURCE_SIZE = (120, 80)


def encode_picture(colour: str, box: tuple[int, int, int, int]) -> bytes:
    image = Image.new("RGB", SOURCE_SIZE)
    ImageDraw.Draw(image).rectangle(box, fill=colour)
    return encode_image(image)


UPLOADS = Pictures(
    encode_picture("teal", (0, 40, 120, 80)),
    encode_picture("white", (30, 20, 60, 50)),
    encode_picture("gold", (0, 0, 60, 80)),
)


def build_service_request(catalogue: Catalogue, model: Model, **options: Any) -> Request:
    needed: dict[str, Any] = {name: "the boat" for name, spec in model.fields.items() if spec.required}
    if "left" in model.fields:
        needed["left"] = 100
    if model.requires_prompt:
        needed["prompt"] = "a castle"
    return build_request(
        catalogue,
        model=model.key,
        has_picture=True,
        mask=MaskKind.PICTURE if model.mask != "none" else None,
        has_style_picture=model.style_picture != "none",
        **needed | options,
    ).request


def call_service(
    client: BedrockImageClient, catalogue: Catalogue, key: str, metadata: dict[str, str] | None = None, **options: Any
) -> GeneratedImage | FilteredResult:
    model = catalogue.models[key]
    request = build_service_request(catalogue, model, **options)
    pictures = prepare_pictures(UPLOADS, request, model).pictures
    return client.generate(request, model, pictures, 7 if "seed" in model.fields else None, metadata)


def pick_end(spec: FieldSpec, index: int) -> Any:
    if spec.choices:
        return spec.choices[index]
    return "x" * (spec.limit or 0) if spec.limit else (spec.minimum, spec.maximum)[index]


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize("key", SERVICES)
def test_a_service_takes_all_of_its_options_at_once_at_both_ends(
    key: str, end: int, catalogue: Catalogue, shared_client: BedrockImageClient, bedrock: BedrockStandIn
) -> None:
    model = catalogue.models[key]
    options = {
        name: pick_end(spec, end) for name, spec in model.fields.items() if name not in {"seed", "output_format"}
    }
    options = {name: value for name, value in options.items() if name not in {"left", "right", "up", "down"} or value}
    if key == "outpaint" and end:
        options |= {"right": 2000, "up": 0, "down": 0}

    result = call_service(shared_client, catalogue, key, **options)

    assert isinstance(result, GeneratedImage)
    expected = {
        "outpaint": (4120, 80) if end else (220, 80),
        "style-guide": (640, 1536) if end else (1344, 768),
        "creative-upscale": (3858, 2572),
    }
    assert (result.width, result.height) == expected.get(key, SOURCE_SIZE)
    (call,) = bedrock.list_calls()
    assert call["status"] == 200
    assert set(options) <= set(call["body"])


@pytest.mark.parametrize("fault", FAULT_CODES)
def test_every_fault_of_a_service_has_its_problem_and_costs_one_call(
    fault: str, catalogue: Catalogue, shared_client: BedrockImageClient, bedrock: BedrockStandIn
) -> None:
    bedrock.call_control("POST", "/control/faults", {"fault": fault})

    with pytest.raises(BedrockCallError) as raised:
        call_service(shared_client, catalogue, "erase-object")

    assert raised.value.problem.code == FAULT_CODES[fault]
    (call,) = bedrock.list_calls()
    if call["billed"]:
        assert raised.value.retry_policy is (RetryPolicy.NEVER if fault == "too-large" else RetryPolicy.ONCE)
    elif fault in RESPONSE_FAULTS:
        assert raised.value.retry_policy is not RetryPolicy.UNLIMITED


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ("refused", FilteredPart.PROMPT),
        ("filter-input", FilteredPart.INPUT),
        ("filtered", FilteredPart.OUTPUT),
        ("filtered-with-image", FilteredPart.OUTPUT),
    ],
)
def test_a_filtered_edit_names_the_part(
    fault: str, part: FilteredPart, catalogue: Catalogue, shared_client: BedrockImageClient, bedrock: BedrockStandIn
) -> None:
    bedrock.call_control("POST", "/control/faults", {"fault": fault})

    result = call_service(shared_client, catalogue, "remove-background")

    assert isinstance(result, FilteredResult)
    assert result.part is part


def test_a_service_is_called_in_one_of_its_regions_whatever_is_configured(
    catalogue: Catalogue, make_harness: HarnessFactory, bedrock: BedrockStandIn
) -> None:
    client = make_harness(region="eu-west-1").client
    assert isinstance(call_service(client, catalogue, "erase-object"), GeneratedImage)

    elsewhere = load_catalogue('[models."erase-object"]\nregions = ["eu-west-1"]')
    with pytest.raises(BedrockCallError) as raised:
        call_service(client, elsewhere, "erase-object")
    assert raised.value.problem.code == "misconfigured"
    assert [call["status"] for call in bedrock.list_calls()] == [200, 400]


def test_a_bare_id_is_a_misconfiguration(
    catalogue: Catalogue, shared_client: BedrockImageClient, bedrock: BedrockStandIn
) -> None:
    bare = load_catalogue('[models."erase-object"]\nid = "stability.stable-image-erase-object-v1:0"')
    with pytest.raises(BedrockCallError, match="called through an inference profile"):
        call_service(shared_client, bare, "erase-object")
    assert not bedrock.list_calls()[0]["billed"]


@pytest.mark.parametrize("sends_metadata", [True, False])
def test_the_log_of_invocations_learns_of_job_and_server_only_by_the_setting(
    catalogue: Catalogue, bedrock: BedrockStandIn, sends_metadata: bool
) -> None:
    client = BedrockImageClient(region="us-west-2", call_seconds=20, concurrency=1, sends_metadata=sends_metadata)
    metadata = {"job_id": "1442000000000000001", "guild_id": "1441000000000000001"}
    try:
        call_service(client, catalogue, "erase-object", metadata)
    finally:
        client.close()
    assert bedrock.list_calls()[0]["request_metadata"] == (metadata if sends_metadata else None)
