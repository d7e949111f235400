"""Drawn masks, and previews of a picture with its mask."""

import io

import pytest
from PIL import Image

from bot.domain.mask_shapes import parse_mask_shapes
from bot.images.mask_drawing import MASK_SIDE, PREVIEW_SIDE, draw_mask, draw_mask_preview
from shared.imaging.masks import read_mask
from shared.problems import RejectedError
from tests.support.images import encode_image


def read_levels(image: Image.Image, *places: tuple[int, int]) -> list[int]:
    """Read the grey levels at some places."""
    return [image.crop((x, y, x + 1, y + 1)).tobytes()[0] for x, y in places]


def draw(text: str, size: tuple[int, int] = (300, 200)) -> Image.Image:
    return read_mask(draw_mask(parse_mask_shapes(text), size))


def test_white_is_changed_and_black_is_kept_in_the_shape_of_the_picture() -> None:
    mask = draw("right third")

    assert (mask.mode, mask.width, mask.height) == ("L", MASK_SIDE, round(MASK_SIDE * 200 / 300))
    places = [(round(share * mask.width), 300) for share in (0.1, 0.6, 0.7, 0.99)]
    assert read_levels(mask, *places) == [0, 0, 255, 255]


def test_an_ellipse_leaves_the_corners_of_its_box_and_an_inverted_mask_changes_the_rest() -> None:
    ellipse, inverted = draw("ellipse 20 20 80 80", (400, 400)), draw("ellipse 20 20 80 80, invert", (400, 400))

    places = [(512, 512), (220, 220), (20, 20)]
    assert read_levels(ellipse, *places) == [255, 0, 0]
    assert read_levels(inverted, *places) == [0, 255, 255]


def test_a_feather_softens_the_edge() -> None:
    hard, soft = draw("left half"), draw("left half, feather 10")

    assert sum(hard.histogram()[1:255]) == 0
    assert sum(soft.histogram()[1:255]) > 0.05 * soft.width * soft.height
    assert read_levels(soft, (0, 0), (soft.width - 1, 0)) == pytest.approx([255, 0], abs=5)


@pytest.mark.parametrize(("text", "code"), [("all", "mask_full"), ("all, invert", "mask_empty")])
def test_a_mask_of_all_or_nothing_is_refused(text: str, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        draw(text)
    assert rejected.value.problems[0].code == code


def test_the_preview_shows_the_region_over_the_picture() -> None:
    picture = encode_image(Image.new("RGB", (3000, 2000), "teal"), "PNG")

    with Image.open(io.BytesIO(draw_mask_preview(picture, draw("left half", (3000, 2000))))) as preview:
        assert preview.size == (PREVIEW_SIDE, PREVIEW_SIDE * 2 // 3)
        red, green = (preview.getchannel(band) for band in "RG")

    assert read_levels(red, (100, 200), (700, 200)) == pytest.approx([153, 0], abs=12)
    assert read_levels(green, (100, 200), (700, 200)) == pytest.approx([79, 128], abs=12)
