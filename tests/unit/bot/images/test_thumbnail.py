"""Thumbnails: any image as a small JPEG, or rejected with a reason, within little memory."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.images.thumbnail import make_thumbnail
from demo.processes import ROOT
from shared.imaging.limits import ImageRejectedError, RejectionCode
from tests.benchmarks.sample_images import make_photo
from tests.fuzz.samples import make_hostile_files, make_valid_images
from tests.support.hostile_images import HOSTILE_FILES, make_png, make_progressive_jpeg, make_webp
from tests.support.images import BLUE, GREEN, RED, encode_image, is_near, make_noise_image, open_image

READABLE_FORMATS = ("PNG", "JPEG", "WEBP")


@pytest.mark.parametrize("kind", READABLE_FORMATS)
@pytest.mark.parametrize(
    ("size", "small"),
    [((1024, 1024), (512, 512)), ((1344, 768), (512, 293)), ((640, 2560), (128, 512)), ((3000, 4), (512, 1))],
)
def test_the_longer_side_becomes_512_pixels(kind: str, size: tuple[int, int], small: tuple[int, int]) -> None:
    thumbnail = open_image(make_thumbnail(encode_image(Image.new("RGB", size, RED), kind)))

    assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("JPEG", "RGB", small)
    assert is_near(thumbnail.getpixel((small[0] // 2, small[1] // 2)), RED)


@pytest.mark.parametrize("kind", READABLE_FORMATS)
def test_a_smaller_image_keeps_its_size(kind: str) -> None:
    assert open_image(make_thumbnail(encode_image(make_noise_image((300, 77)), kind))).size == (300, 77)


def test_a_thumbnail_of_a_thumbnail_has_the_same_pixels() -> None:
    thumbnail = make_thumbnail(encode_image(Image.new("RGB", (1024, 640), GREEN), "PNG"))

    assert open_image(make_thumbnail(thumbnail)).tobytes() == open_image(thumbnail).tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparent_areas_become_white(kind: str) -> None:
    image = Image.new("RGBA", (1024, 1024), (*BLUE, 255))
    image.paste((0, 0, 0, 0), (0, 0, 512, 1024))
    thumbnail = open_image(make_thumbnail(encode_image(image, kind, lossless=True)))

    assert is_near(thumbnail.getpixel((100, 256)), (255, 255, 255))
    assert is_near(thumbnail.getpixel((400, 256)), BLUE)


def test_palettes_and_colour_keys_become_colours() -> None:
    striped = Image.new("P", (1024, 1024), 0)
    striped.putpalette([*RED, *GREEN, *BLUE])
    striped.paste(1, (512, 0, 1024, 1024))

    thumbnail = open_image(make_thumbnail(encode_image(striped, "PNG", transparency=0)))

    assert is_near(thumbnail.getpixel((100, 256)), (255, 255, 255))
    assert is_near(thumbnail.getpixel((400, 256)), GREEN)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    grey = Image.new("I;16", (600, 600), 0x8000)

    assert is_near(open_image(make_thumbnail(encode_image(grey, "PNG"))).getpixel((200, 200)), (128, 128, 128))


@pytest.mark.parametrize("kind", READABLE_FORMATS)
@pytest.mark.parametrize("size", [(1000, 500), (200, 100)])
def test_an_image_stored_sideways_is_rotated_upright_and_its_metadata_removed(kind: str, size: tuple[int, int]) -> None:
    sideways = Image.Exif()
    sideways[0x0112] = 6
    sideways[0x010F] = "SECRET"
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (0, 0, size[0] // 2, size[1]))

    data = make_thumbnail(encode_image(image, kind, exif=sideways, icc_profile=b"SECRET"))

    thumbnail = open_image(data)
    assert thumbnail.size == (thumbnail.height // 2, min(512, size[0]))
    assert is_near(thumbnail.getpixel((thumbnail.width // 2, thumbnail.height // 10)), GREEN)
    assert is_near(thumbnail.getpixel((thumbnail.width // 2, thumbnail.height * 9 // 10)), RED)
    assert b"SECRET" not in data


SMALL_NOISE = make_noise_image((64, 64))
ACCEPTED = {"accepted": "PNG, JPEG, WEBP"}


@pytest.mark.parametrize(
    ("data", "code", "facts"),
    [
        (b"", "unsupported_type", ACCEPTED),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "unsupported_type", ACCEPTED),
        (encode_image(SMALL_NOISE, "GIF"), "unsupported_type", ACCEPTED),
        (encode_image(SMALL_NOISE, "TIFF"), "unsupported_type", ACCEPTED),
        (
            make_png(8001, 8000),
            "too_many_pixels",
            {"type": "PNG", "width": 8001, "height": 8000, "limit": "64 MP"},
        ),
        (
            make_webp(6100, 5100),
            "too_many_pixels",
            {"type": "WEBP", "width": 6100, "height": 5100, "limit": "30.6 MP"},
        ),
        (encode_image(SMALL_NOISE, "PNG")[:-400], "truncated", {"type": "PNG"}),
        (encode_image(SMALL_NOISE, "JPEG")[:-400], "truncated", {"type": "JPEG"}),
        (encode_image(SMALL_NOISE, "WEBP")[:-400], "truncated", {"type": "WEBP"}),
        (make_progressive_jpeg(300), "too_many_chunks", {"type": "JPEG", "limit": 24}),
        (
            b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000 + encode_image(SMALL_NOISE, "JPEG")[2:],
            "too_many_chunks",
            {"type": "JPEG", "limit": 50_000},
        ),
    ],
)
def test_an_image_without_a_thumbnail_is_rejected_with_the_reason(
    data: bytes, code: str, facts: dict[str, object]
) -> None:
    with pytest.raises(ImageRejectedError, match=f"image rejected: {code}") as rejected:
        make_thumbnail(data)
    assert (rejected.value.code, rejected.value.facts) == (code, facts)


MEMORY_LIMITED_SCRIPT = """
import json, pathlib, sys, time
from tests.fuzz.memory_limit import limit_memory, read_peak_mib
from bot.images.thumbnail import make_thumbnail
from shared.imaging.limits import ImageRejectedError
limit_memory()
outcomes = {}
for path in pathlib.Path(sys.argv[1]).iterdir():
    start = time.process_time()
    try:
        make_thumbnail(path.read_bytes())
        outcome = "shown"
    except ImageRejectedError as error:
        outcome = error.code
    outcomes[path.name] = outcome, time.process_time() - start
print(json.dumps({"outcomes": outcomes, "peak": read_peak_mib()}))
"""


@pytest.fixture(scope="module")
def limited_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Make a thumbnail of every hostile and every valid file in a process with 1 GiB of address space."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: data for name, (data, _) in (HOSTILE_FILES | make_hostile_files()).items()} | make_valid_images()
    names = {f"{number:03d}": name for number, name in enumerate(files)}
    for number, name in names.items():
        (folder / number).write_bytes(files[name])
    process = subprocess.run(
        [sys.executable, "-c", MEMORY_LIMITED_SCRIPT, str(folder)],
        cwd=Path(ROOT),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-800:]
    report: dict[str, Any] = json.loads(process.stdout)
    return {"peak": report["peak"]} | {names[number]: outcome for number, outcome in report["outcomes"].items()}


def test_hostile_files_take_little_memory_and_time_and_are_shown_or_rejected(limited_results: dict[str, Any]) -> None:
    peak = limited_results.pop("peak")
    assert len(limited_results) > 70
    assert peak < 500
    assert {name: seconds for name, (_, seconds) in limited_results.items() if seconds > 2} == {}
    codes = {outcome for outcome, _ in limited_results.values()} - {"shown"}
    assert len(codes) > 4
    assert codes <= set(get_args(RejectionCode))


@pytest.mark.parametrize("name", [name for name in make_valid_images() if not name.startswith(("GIF", "AVIF"))])
def test_valid_images_of_every_kind_are_shown(limited_results: dict[str, Any], name: str) -> None:
    assert limited_results[name][0] == "shown"


@pytest.mark.parametrize("size", [(1024, 1024), (1536, 1024), (1344, 768)])
def test_a_thumbnail_looks_as_one_by_the_best_filter(size: tuple[int, int]) -> None:
    image = make_photo(*size)
    thumbnail = open_image(make_thumbnail(encode_image(image, "PNG", compress_level=1)))

    best = image.resize(thumbnail.size, Image.Resampling.LANCZOS)

    assert compute_psnr(thumbnail, best) > 36


def compute_psnr(image: Image.Image, other: Image.Image) -> float:
    """Compute the peak signal-to-noise ratio in dB."""
    error = ImageStat.Stat(ImageChops.difference(image, other))
    mean = sum(rms**2 for rms in error.rms) / len(error.rms)
    return 10 * math.log10(255**2 / mean)
