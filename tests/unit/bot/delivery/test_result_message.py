"""The message of a result."""

from bot.delivery.result_message import build_result_message
from shared.notes import make_note
from tests.support.images import encode_image, make_noise_image
from tests.support.views import CATALOGUE, EN, join_texts, make_job, make_request, make_result_record


async def render_enlarged(image: bytes) -> str:
    note = make_note("enlarged", source="300 × 200")
    job = make_job(make_request("fast-upscale")).model_copy(update={"notes": (note,)})
    payload = await build_result_message(
        job, make_result_record(job.request), image, EN, catalogue=CATALOGUE, max_bytes=10 << 20
    )
    return join_texts(payload["view"])


async def test_an_upscaled_picture_says_from_which_size_to_which() -> None:
    image = encode_image(make_noise_image((1200, 800)), "JPEG")

    assert "Enlarged from 300 × 200 to 1200 × 800 pixels." in await render_enlarged(image)


async def test_a_picture_that_cannot_be_measured_is_posted_without_its_size() -> None:
    broken = b"\xff\xd8\xff\xe0" + bytes(100)

    assert "Enlarged" not in await render_enlarged(broken)
