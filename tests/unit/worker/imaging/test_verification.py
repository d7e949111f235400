"""Verifying the image in a model's response."""

import pytest

from shared.imaging.limits import ImageRejectedError
from shared.imaging.sniffing import ImageType
from tests.support.images import encode_image, make_grainy_image
from worker.imaging.verification import verify_image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_from_a_model_is_verified_with_its_type_and_size(kind: str) -> None:
    assert verify_image(encode_image(make_grainy_image(96), kind), 96 * 96) == (ImageType[kind], 96, 96)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_or_too_large_image_from_a_model_is_rejected(kind: str) -> None:
    whole = encode_image(make_grainy_image(96), kind)
    for data, max_pixels, codes in (
        (whole[:-1], 96 * 96, {"truncated"}),
        (whole[: len(whole) // 2], 96 * 96, {"truncated", "unreadable"}),
        (whole, 96 * 96 - 1, {"too_many_pixels"}),
    ):
        with pytest.raises(ImageRejectedError) as rejected:
            verify_image(data, max_pixels)
        assert rejected.value.code in codes


def test_a_png_from_a_model_with_one_wrong_byte_is_rejected() -> None:
    png = bytearray(encode_image(make_grainy_image(64), "PNG"))
    png[len(png) // 2] ^= 1
    with pytest.raises(ImageRejectedError) as rejected:
        verify_image(bytes(png), 10_000_000)
    assert rejected.value.code == "unreadable"


@pytest.mark.parametrize("kind", ["GIF", "AVIF"])
def test_a_type_that_no_model_returns_is_rejected(kind: str) -> None:
    with pytest.raises(ImageRejectedError) as rejected:
        verify_image(encode_image(make_grainy_image(64), kind), 10_000_000)
    assert rejected.value.facts == {"accepted": "PNG, JPEG, WEBP"}
