"""Edits: their pictures, and the options of each operation."""

import io

import pytest
from PIL import Image

from bot.domain.mask_shapes import parse_mask_shapes
from bot.features.editing.options import EDIT_OPTIONS, parse_style_set_choice
from bot.images.edit_pictures import build_masked_pictures, build_styled_pictures
from shared.catalogue import load_catalogue
from shared.imaging.masks import read_mask
from shared.problems import RejectedError
from shared.request.bundles import unpack_pictures
from tests.support.images import encode_image

PICTURE = encode_image(Image.new("RGB", (300, 200), "teal"), "PNG")


def test_a_region_in_words_becomes_a_mask_beside_the_untouched_source() -> None:
    edit = build_masked_pictures(PICTURE, parse_mask_shapes("left half"), None)

    pictures = unpack_pictures(edit.image.data)
    assert pictures.source == PICTURE
    assert edit.image.picture == PICTURE
    assert edit.size == (300, 200)
    mask = read_mask(pictures.mask or b"")
    assert mask.crop((0, 0, mask.width // 2, 1)).getextrema() == (255, 255)
    assert mask.crop((mask.width // 2, 0, mask.width, 1)).getextrema() == (0, 0)
    with Image.open(io.BytesIO(edit.preview)) as preview:
        assert (preview.format, preview.size) == ("JPEG", (300, 200))


def test_the_transparent_part_is_the_region_where_none_is_given() -> None:
    image = Image.new("RGBA", (64, 64), "teal")
    image.paste((0, 0, 0, 0), (0, 0, 32, 64))

    edit = build_masked_pictures(encode_image(image, "PNG"), None, None)

    mask = read_mask(unpack_pictures(edit.image.data).mask or b"")
    assert (mask.crop((0, 0, 32, 64)).getextrema(), mask.crop((32, 0, 64, 64)).getextrema()) == ((255, 255), (0, 0))


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (None, "mask_not_transparent"),
        (encode_image(Image.new("L", (9, 9), 0), "PNG"), "picture_too_small"),
        (encode_image(Image.new("L", (90, 90), 0), "PNG"), "mask_empty"),
        (encode_image(Image.new("L", (90, 90), 255), "PNG"), "mask_full"),
        (b"no picture", "picture_unsupported_type"),
    ],
)
def test_a_mask_that_marks_nothing_or_everything_or_is_no_picture_is_refused(mask: bytes | None, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        build_masked_pictures(PICTURE, None, mask)
    assert [problem.code for problem in rejected.value.problems] == [code]


def test_the_style_travels_with_the_source() -> None:
    style = encode_image(Image.new("RGB", (80, 80), "red"), "PNG")

    edit = build_styled_pictures(PICTURE, style, ("yours", "the style"))

    pictures = unpack_pictures(edit.image.data)
    assert (pictures.source, pictures.mask, pictures.style) == (PICTURE, None, style)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Oils", ("Oils", None)),
        ("Oils #2", ("Oils", 2)),
        ("Oils # 12", ("Oils", 12)),
        ("C#", ("C#", None)),
        ("a#b", ("a#b", None)),
    ],
)
def test_a_picture_of_a_style_set_is_chosen_by_its_number(text: str, choice: tuple[str, int | None]) -> None:
    assert parse_style_set_choice(text) == choice


def test_every_operation_has_a_model_whose_options_it_shows() -> None:
    catalogue = load_catalogue()
    own = {"image", "source", "spoiler", "region", "mask", "style_picture", "style_set", "negative", "style_preset"}
    for operation, names in EDIT_OPTIONS.items():
        model = catalogue.find_edit_model(operation)
        assert model is not None
        missing = set(model.fields) - {*names, "style_preset"}
        assert not missing, f"{operation} does not show {missing}"
        assert set(names) - own <= {*model.fields, "seed", "output_format"}, operation
