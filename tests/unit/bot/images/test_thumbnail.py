"""bot.images.thumbnail: any picture as a small JPEG, or refused in words, within little memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.images import make_thumbnail
from demo.processes import ROOT
from tests.fuzz.samples import make_hostile_files, make_valid_images
from tests.support.images import BLUE, GREEN, RED, encode_image, is_near, make_noise_image, open_image
from tests.unit.worker.imaging.test_hostile_files import HOSTILE_FILES, make_png, make_progressive_jpeg, make_webp

READABLE_FORMATS = ("PNG", "JPEG", "WEBP")


@pytest.mark.parametrize("kind", READABLE_FORMATS)
@pytest.mark.parametrize(
    ("size", "small"),
    [((1024, 1024), (512, 512)), ((1344, 768), (512, 293)), ((640, 2560), (128, 512)), ((3000, 4), (512, 1))],
)
def test_the_longer_side_becomes_512_pixels(kind: str, size: tuple[int, int], small: tuple[int, int]) -> None:
    picture = open_image(make_thumbnail(encode_image(Image.new("RGB", size, RED), kind)))

    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", small)
    assert is_near(picture.getpixel((small[0] // 2, small[1] // 2)), RED)


@pytest.mark.parametrize("kind", READABLE_FORMATS)
def test_a_smaller_picture_keeps_its_size(kind: str) -> None:
    assert open_image(make_thumbnail(encode_image(make_noise_image((300, 77)), kind))).size == (300, 77)


def test_a_thumbnail_stays_what_it_is() -> None:
    once = make_thumbnail(encode_image(Image.new("RGB", (1024, 640), GREEN), "PNG"))

    assert open_image(make_thumbnail(once)).tobytes() == open_image(once).tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_is_laid_on_white(kind: str) -> None:
    picture = Image.new("RGBA", (1024, 1024), (*BLUE, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 512, 1024))
    small = open_image(make_thumbnail(encode_image(picture, kind, lossless=True)))

    assert is_near(small.getpixel((100, 256)), (255, 255, 255))
    assert is_near(small.getpixel((400, 256)), BLUE)


def test_palettes_and_colour_keys_become_colours() -> None:
    striped = Image.new("P", (1024, 1024), 0)
    striped.putpalette([*RED, *GREEN, *BLUE])
    striped.paste(1, (512, 0, 1024, 1024))

    small = open_image(make_thumbnail(encode_image(striped, "PNG", transparency=0)))

    assert is_near(small.getpixel((100, 256)), (255, 255, 255))
    assert is_near(small.getpixel((400, 256)), GREEN)


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped() -> None:
    grey = Image.new("I;16", (600, 600), 0x8000)

    assert is_near(open_image(make_thumbnail(encode_image(grey, "PNG"))).getpixel((200, 200)), (128, 128, 128))


@pytest.mark.parametrize("kind", READABLE_FORMATS)
@pytest.mark.parametrize("size", [(1000, 500), (200, 100)])
def test_a_picture_that_lies_on_its_side_is_set_upright_and_says_nothing_else(kind: str, size: tuple[int, int]) -> None:
    sideways = Image.Exif()
    sideways[0x0112] = 6
    sideways[0x010F] = "SECRET"
    picture = Image.new("RGB", size, RED)
    picture.paste(GREEN, (0, 0, size[0] // 2, size[1]))

    data = make_thumbnail(encode_image(picture, kind, exif=sideways, icc_profile=b"SECRET"))

    small = open_image(data)
    assert small.size == (small.height // 2, min(512, size[0]))
    assert is_near(small.getpixel((small.width // 2, small.height // 10)), GREEN)
    assert is_near(small.getpixel((small.width // 2, small.height * 9 // 10)), RED)
    assert b"SECRET" not in data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no PNG, JPEG or WebP"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no PNG, JPEG or WebP"),
        (encode_image(make_noise_image((64, 64)), "GIF"), "no PNG, JPEG or WebP"),
        (encode_image(make_noise_image((64, 64)), "TIFF"), "no PNG, JPEG or WebP"),
        (make_png(5001, 5000), "5001 x 5000 are more than the 25 megapixels"),
        (make_webp(5001, 5000), "5001 x 5000 are more than the 25 megapixels"),
        (encode_image(make_noise_image((64, 64)), "PNG")[:-400], "its bytes are broken"),
        (encode_image(make_noise_image((64, 64)), "JPEG")[:-400], "its bytes are broken"),
        (encode_image(make_noise_image((64, 64)), "WEBP")[:-400], "its bytes are broken"),
        (make_progressive_jpeg(300), "more pieces than any picture needs"),
        (
            b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000 + encode_image(make_noise_image((64, 64)), "JPEG")[2:],
            "more pieces",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"this picture cannot be shown small: .*{why}"):
        make_thumbnail(data)


LIMITED_SCRIPT = """
import json, pathlib, sys, time
from tests.fuzz.memory_limit import limit_memory, read_peak_mib
from bot.images import make_thumbnail
limit_memory()
said = {}
for path in pathlib.Path(sys.argv[1]).iterdir():
    started = time.process_time()
    try:
        make_thumbnail(path.read_bytes())
        words = "shown"
    except ValueError as error:
        words = str(error)
    said[path.name] = words, time.process_time() - started
print(json.dumps({"said": said, "peak": read_peak_mib()}))
"""


@pytest.fixture(scope="module")
def under_limits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Let one process of 1 GiB of addresses make a thumbnail of each hostile and each good file."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: data for name, (data, _) in (HOSTILE_FILES | make_hostile_files()).items()} | make_valid_images()
    names = {f"{number:03d}": name for number, name in enumerate(files)}
    for number, name in names.items():
        (folder / number).write_bytes(files[name])
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED_SCRIPT, str(folder)],
        cwd=Path(ROOT),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-800:]
    told: dict[str, Any] = json.loads(ended.stdout)
    return {"peak": told["peak"]} | {names[number]: outcome for number, outcome in told["said"].items()}


def test_hostile_files_take_little_memory_and_time_and_are_shown_or_refused_in_words(
    under_limits: dict[str, Any],
) -> None:
    peak = under_limits.pop("peak")
    assert len(under_limits) > 70
    assert peak < 500
    assert {name: seconds for name, (_, seconds) in under_limits.items() if seconds > 2} == {}
    wrong = {words for words, _ in under_limits.values()} - {"shown"}
    assert len(wrong) > 4
    assert all(words.startswith("this picture cannot be shown small: ") for words in wrong)


@pytest.mark.parametrize("name", [name for name in make_valid_images() if name not in ("GIF", "AVIF")])
def test_good_pictures_of_every_kind_are_shown(under_limits: dict[str, Any], name: str) -> None:
    assert under_limits[name][0] == "shown"
