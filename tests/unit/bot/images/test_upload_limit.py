"""Images under Discord's upload limit, unchanged if they fit."""

import pytest
from PIL import Image

from bot.images.upload_limit import fit_to_upload_limit
from shared.imaging.limits import ImageRejectedError
from shared.imaging.metadata import replace_png_text
from shared.imaging.sniffing import ImageType
from tests.support.images import encode_image, make_grainy_image, open_image

NOISE = replace_png_text(encode_image(make_grainy_image(512), "PNG"), {"parameters": "SECRET"})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_an_image_that_fits_is_unchanged(kind: str) -> None:
    data = encode_image(make_grainy_image(64), kind)
    assert fit_to_upload_limit(data, len(data)) == (data, ImageType[kind])


def test_an_image_that_is_one_byte_too_large_becomes_a_jpeg_of_the_same_size_and_the_best_quality() -> None:
    smaller, kind = fit_to_upload_limit(NOISE, len(NOISE) - 1)
    assert kind is ImageType.JPEG
    assert len(smaller) < len(NOISE)
    image = open_image(smaller)
    assert image.size == (512, 512)
    worst = max(abs(a - b) for a, b in zip(image.tobytes(), open_image(NOISE).tobytes(), strict=True))
    assert worst < 40


def test_quality_is_reduced_before_size_and_the_limit_is_never_exceeded() -> None:
    results = []
    for share in (0.9, 0.4, 0.3, 0.2, 0.1, 0.03):
        limit = int(share * len(NOISE))
        smaller, _ = fit_to_upload_limit(NOISE, limit)
        assert len(smaller) <= limit
        results.append((open_image(smaller).width, len(smaller)))
    assert results == sorted(results, reverse=True)
    assert len({size for width, size in results if width == 512}) > 1
    assert results[-1][0] < 512


def test_metadata_is_removed() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET"
    data = encode_image(make_grainy_image(512), "JPEG", quality=98, exif=exif, comment=b"SECRET", icc_profile=b"SECRET")
    for source in (NOISE, data):
        assert b"SECRET" in source
        assert b"SECRET" not in fit_to_upload_limit(source, len(source) - 1)[0]


def test_transparent_areas_become_white() -> None:
    image = make_grainy_image(512).convert("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 256, 512))
    data = encode_image(image, "PNG")
    pixel = open_image(fit_to_upload_limit(data, len(data) - 1)[0]).getpixel((40, 40))
    assert pixel == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"", {"unsupported_type"}),
        (b"<html>no picture</html>", {"unsupported_type"}),
        (NOISE[: len(NOISE) // 2], {"truncated"}),
        (NOISE[:40], {"truncated", "unreadable"}),
    ],
)
def test_a_file_that_is_no_readable_image_is_rejected(data: bytes, codes: set[str]) -> None:
    with pytest.raises(ImageRejectedError) as rejected:
        fit_to_upload_limit(data, 10)
    assert rejected.value.code in codes


def test_a_limit_that_cannot_be_met_is_reported() -> None:
    with pytest.raises(ValueError, match="cannot be brought under 10 bytes"):
        fit_to_upload_limit(NOISE, 10)
