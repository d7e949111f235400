"""All pictures of a request: sizes within the limits of services, masks of every kind, the limit of a body."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw

from shared.catalogue import Bounds, Model, load_catalogue
from shared.imaging.fitting import fit_to_bounds
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError
from shared.request.model import Fit, MaskKind, Request
from shared.request.pictures import Pictures
from tests.support.images import encode_image
from worker.imaging.pictures import PreparedPictures, prepare_pictures
from worker.imaging.preparation import MAX_SENT_BYTES

CATALOGUE = load_catalogue()
INPAINT, TRANSFER = CATALOGUE.models["inpaint"], CATALOGUE.models["style-transfer"]
EXIF = Image.Exif()
EXIF[ExifTags.Base.Orientation] = 8
LYING = EXIF.tobytes()
STANDARD = INPAINT.bounds or Bounds(min_side=1, max_pixels=1, max_aspect=1)


def make_source(width: int = 200, height: int = 100) -> bytes:
    return encode_image(Image.new("RGB", (width, height), "#3a78c9"))


def make_mask(size: tuple[int, int], box: tuple[int, int, int, int], mode: str = "L", **options: Any) -> bytes:
    mask = Image.new(mode, size)
    ImageDraw.Draw(mask).rectangle(box, fill="white")
    return encode_image(mask, **options)


def prepare(
    source: bytes, *, mask: bytes | None = None, style: bytes | None = None, model: Model = INPAINT, **options: Any
) -> PreparedPictures:
    kind = options.pop("kind", MaskKind.PICTURE if mask is not None else None)
    request = Request(
        model=model.key, text_prompts=(), has_picture=True, mask=kind, has_style_picture=style is not None, **options
    )
    return prepare_pictures(Pictures(source, mask, style), request, model)


def open_mask(prepared: PreparedPictures) -> Image.Image:
    mask = Image.open(io.BytesIO(prepared.pictures.mask or b""))
    assert (mask.mode, mask.size) == ("L", prepared.size)
    return mask


@given(st.integers(1, 12_000), st.integers(1, 12_000), st.sampled_from(list(Fit)))
@settings(max_examples=300)
def test_whatever_the_size_of_a_picture_it_meets_the_limits_of_an_edit(width: int, height: int, fit: Fit) -> None:
    size = fit_to_bounds(STANDARD, width, height, fit)

    assert min(size) >= STANDARD.min_side
    assert size[0] * size[1] <= STANDARD.max_pixels
    assert max(size) <= STANDARD.max_aspect * min(size)
    is_within = (
        min(width, height) >= 64 and width * height <= 9_437_184 and max(width, height) <= 2.5 * min(width, height)
    )
    if is_within:
        assert size == (width, height), "an edit keeps the source's own size"


@pytest.mark.parametrize(
    ("source", "fit", "expected"),
    [
        ((300, 100), None, (250, 100)),
        ((300, 100), Fit.PAD, (300, 120)),
        ((300, 100), Fit.STRETCH, (300, 120)),
        ((40, 30), None, (85, 64)),
        ((3072, 3072), None, (3072, 3072)),
        ((4000, 3000), None, (3547, 2660)),
    ],
)
def test_the_source_has_its_own_size_or_the_nearest_that_the_service_takes(
    source: tuple[int, int], fit: Fit | None, expected: tuple[int, int]
) -> None:
    prepared = prepare(make_source(*source), model=CATALOGUE.models["search-replace"], fit=fit)

    with Image.open(io.BytesIO(prepared.pictures.source or b"")) as sent:
        assert sent.size == prepared.size == expected


@pytest.mark.parametrize("size", [(200, 100), (50, 25), (30, 90), (800, 400)])
def test_a_mask_of_any_size_is_stretched_to_the_picture(size: tuple[int, int]) -> None:
    mask = make_mask(size, (0, 0, size[0] // 2 - 1, size[1]))

    marked = open_mask(prepare(make_source(), mask=mask))

    assert (marked.getpixel((40, 50)), marked.getpixel((160, 50))) == (255, 0)


@pytest.mark.parametrize(
    ("mask", "is_left"),
    [
        (make_mask((200, 100), (0, 0, 99, 99), "RGB"), True),
        (make_mask((200, 100), (0, 0, 99, 99), "1"), True),
        (make_mask((200, 100), (0, 0, 99, 99), "RGBA"), True),  # white strokes on a transparent layer
        (encode_image(Image.merge("RGBA", [*Image.effect_noise((200, 100), 90).convert("RGB").split(),
         Image.open(io.BytesIO(make_mask((200, 100), (0, 0, 99, 99))))])), False),  # a picture with a hole
        (make_mask((100, 200), (0, 0, 99, 99), exif=LYING), True),  # lies on its side
    ],
    ids=["colour", "bitmap", "strokes", "hole", "sideways"],
)  # fmt: skip
def test_white_colours_strokes_and_holes_mark_what_is_changed(mask: bytes, is_left: bool) -> None:
    marked = open_mask(prepare(make_source(), mask=mask))

    expected = (255, 0) if is_left else (0, 255)
    assert (marked.getpixel((40, 50)), marked.getpixel((160, 50))) == expected


def test_a_sources_own_transparency_is_a_mask_and_is_laid_on_white() -> None:
    source = Image.new("RGBA", (200, 100), "#3a78c9ff")
    source.paste((0, 0, 0, 0), (0, 0, 100, 100))

    prepared = prepare(encode_image(source), kind=MaskKind.ALPHA)

    marked = open_mask(prepared)
    assert (marked.getpixel((40, 50)), marked.getpixel((160, 50))) == (255, 0)
    with Image.open(io.BytesIO(prepared.pictures.source or b"")) as sent:
        assert sent.mode == "RGB"
        assert sent.getpixel((40, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mask", "kind", "code"),
    [
        (encode_image(Image.new("L", (200, 100))), MaskKind.PICTURE, "mask_empty"),
        (encode_image(Image.new("L", (200, 100), 255)), MaskKind.PICTURE, "mask_full"),
        (None, MaskKind.ALPHA, "mask_not_transparent"),
        (encode_image(Image.new("RGBA", (200, 100))), MaskKind.PICTURE, "mask_full"),
    ],
)
def test_a_mask_that_marks_nothing_or_everything_is_rejected(mask: bytes | None, kind: MaskKind, code: str) -> None:
    with pytest.raises(RejectedError, match=code):
        prepare(make_source(), mask=mask, kind=kind)


def test_a_mask_is_cropped_as_its_picture_is_and_a_border_is_kept() -> None:
    mask = make_mask((300, 100), (0, 0, 149, 99))

    cropped = open_mask(prepare(make_source(300, 100), mask=mask))
    assert (cropped.getpixel((0, 50)), cropped.getpixel((120, 50)), cropped.getpixel((130, 50))) == (255, 255, 0)

    padded = open_mask(prepare(make_source(300, 100), mask=mask, fit=Fit.PAD))
    assert (padded.getpixel((10, 60)), padded.getpixel((10, 2)), padded.getpixel((290, 60))) == (255, 0, 0)


def test_an_unreadable_mask_is_rejected() -> None:
    with pytest.raises(ImageRejectedError, match="unsupported_type"):
        prepare(make_source(), mask=b"no picture")


def test_noise_in_all_pictures_fits_into_one_request() -> None:
    noise = encode_image(Image.effect_noise((3072, 3072), 120), "JPEG", quality=100)

    inpainted, restyled = prepare(noise, mask=noise), prepare(noise, style=noise, model=TRANSFER)

    for prepared, count in ((inpainted, 2), (restyled, 2)):
        sizes = [len(data) for _, data in prepared.pictures.list_parts()]
        assert len(sizes) == count
        assert sum(sizes) <= MAX_SENT_BYTES


def test_a_picture_of_a_style_is_cropped_to_the_services_shape() -> None:
    prepared = prepare(make_source(), style=make_source(100, 900), model=TRANSFER)
    with Image.open(io.BytesIO(prepared.pictures.style or b"")) as style:
        assert style.size == (100, 250)
