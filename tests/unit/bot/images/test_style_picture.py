"""Reference pictures are scaled down when they are stored, and hostile files are refused."""

import io

import pytest
from PIL import Image

from bot.images.style_picture import make_style_picture
from shared.imaging.limits import ImageRejectedError
from tests.support.hostile_images import HOSTILE_FILES
from tests.support.images import encode_image


@pytest.mark.parametrize(("size", "stored"), [((3072, 1000), (1536, 500)), ((80, 64), (80, 64))])
def test_a_picture_is_stored_as_a_jpeg_of_bounded_size(size: tuple[int, int], stored: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(make_style_picture(encode_image(Image.new("RGB", size, "teal"), "PNG")))) as image:
        assert (image.format, image.size) == ("JPEG", stored)


def test_a_picture_is_refused_if_it_is_too_small() -> None:
    with pytest.raises(ImageRejectedError) as rejected:
        make_style_picture(encode_image(Image.new("RGB", (200, 63)), "PNG"))

    assert (rejected.value.code, rejected.value.facts["limit"]) == ("too_small", 64)


@pytest.mark.parametrize("name", ["JPEG of 100000 comments"])
def test_a_hostile_file_is_refused(name: str) -> None:
    data, code = HOSTILE_FILES[name]
    with pytest.raises(ImageRejectedError) as rejected:
        make_style_picture(data)
    assert rejected.value.code == code
