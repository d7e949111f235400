"""worker.imaging against files made to break it: each is refused in time, with the facts of its sentence."""

import io
import struct
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from types import MappingProxyType
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.imaging import decoding
from shared.imaging.limits import ImageRejectedError, Limits
from shared.imaging.sniffing import ImageType
from shared.problems import make_problem
from worker.imaging.preparation import prepare_image
from worker.imaging.verification import verify_image

SIZES: Final = [(64, 64)]


def encode_image(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def make_noise_image(side: int = 64) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((side, side), 60) for _ in range(3)])


def make_png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_png(width: int, height: int, *chunks: bytes, depth: int = 8, colour_type: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    row = bytes(1 + (width * depth + 7) // 8)
    pixels = make_png_chunk(b"IDAT", zlib.compress(row * min(height, 64), 9))
    return b"\x89PNG\r\n\x1a\n" + make_png_chunk(b"IHDR", header) + b"".join(chunks) + pixels + make_png_chunk(b"IEND")


def make_jpeg(width: int, height: int) -> bytes:
    """631 bytes that say they are as large as this."""
    small = encode_image(Image.new("RGB", (8, 8)), "JPEG")
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]


def make_gif(width: int, height: int, *blocks: bytes, frame: tuple[int, int] | None = None) -> bytes:
    screen = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)
    image = b"," + struct.pack("<HHHH", 0, 0, *(frame or (width, height))) + b"\0\x02\x02\x4c\x01\0;"
    return screen + b"".join(blocks) + image


def make_webp(width: int, height: int) -> bytes:
    """34 bytes: a lossless WebP's header and nothing behind it."""
    bits = (width - 1) | (height - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<I", 14) + b"\x2f" + struct.pack("<I", bits) + bytes(9)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def make_progressive_jpeg(count: int) -> bytes:
    progressive = encode_image(Image.new("RGB", (640, 480), (90, 120, 30)), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    return progressive[:-2] + last * (count - progressive.count(b"\xff\xda")) + b"\xff\xd9"


BOMB: Final = zlib.compress(bytes(64 << 20), 9)
GIF_COMMENTS: Final = b"!\xfe" + b"\x01x" * 200_000 + b"\0"
JPEG_COMMENTS: Final = b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000 + encode_image(Image.new("RGB", (64, 64)), "JPEG")[2:]

HOSTILE_FILES: Final[dict[str, tuple[bytes, str]]] = {
    "PNG of 50000 x 50000 in 1 bit": (make_png(50_000, 50_000, depth=1), "too_many_pixels"),
    "PNG of 13300 x 13300, where Pillow only warns": (make_png(13_300, 13_300), "too_many_pixels"),
    "PNG of 9400 x 9400, where Pillow says nothing": (make_png(9400, 9400), "too_many_pixels"),
    "PNG as thin as a hair": (make_png(20_000_000, 1), "too_small"),
    "JPEG of 13000 x 13000 in 631 bytes": (make_jpeg(13_000, 13_000), "too_many_pixels"),
    "JPEG of 65500 x 65500": (make_jpeg(65_500, 65_500), "too_many_pixels"),
    "JPEG of 7000 x 7000 in 631 bytes, under the limit": (make_jpeg(7000, 7000), "truncated"),
    "JPEG of 1 x 1": (make_jpeg(1, 1), "too_small"),
    "WebP of 12000 x 12000 in 34 bytes": (make_webp(12_000, 12_000), "too_many_pixels"),
    "WebP of 16383 x 16383 in 34 bytes, which Pillow itself refuses": (make_webp(16_383, 16_383), "unreadable"),
    "GIF with a screen of 50000 x 50000": (make_gif(50_000, 50_000), "too_many_pixels"),
    "GIF with a frame of 9000 x 9000 beyond its screen": (make_gif(64, 64, frame=(9000, 9000)), "too_many_pixels"),
    "GIF with a frame of 11000 x 11000, where Pillow warns": (
        make_gif(64, 64, frame=(11_000, 11_000)),
        "too_many_pixels",
    ),
    "GIF with a frame of 65535 x 65535": (make_gif(64, 64, frame=(65_535, 65_535)), "unreadable"),
    "PNG of 400000 chunks": (make_png(64, 64, make_png_chunk(b"prVt") * 400_000), "too_many_chunks"),
    "JPEG of 100000 comments": (JPEG_COMMENTS, "too_many_chunks"),
    "JPEG of 300 scans": (make_progressive_jpeg(300), "too_many_chunks"),
    "JPEG of 300 scans behind 30000 segments": (
        make_progressive_jpeg(300).replace(b"\xff\xd8", b"\xff\xd8" + b"\xff\xfe\0\x02" * 30_000, 1),
        "too_many_chunks",
    ),
    "GIF with a comment of 200000 pieces": (make_gif(64, 64, GIF_COMMENTS), "too_many_chunks"),
    "PNG with a zTXt that swells to 64 MB": (make_png(64, 64, make_png_chunk(b"zTXt", b"x\0\0" + BOMB)), "unreadable"),
    "PNG with an iTXt that swells to 64 MB": (
        make_png(64, 64, make_png_chunk(b"iTXt", b"x\0\1\0\0\0" + BOMB)),
        "unreadable",
    ),
    "PNG with a profile that swells to 64 MB": (
        make_png(64, 64, make_png_chunk(b"iCCP", b"x\0\0" + BOMB)),
        "unreadable",
    ),
    "PNG without a palette where one is due": (make_png(64, 64, colour_type=3), "unreadable"),
    "PNG of no known colour type": (make_png(64, 64, colour_type=5), "unreadable"),
    "PNG of no pixels at all": (make_png(0, 0), "unreadable"),
    "WebP that ends before its RIFF does": (make_webp(64, 64)[:-1], "truncated"),
    "file of 26 MiB": (encode_image(make_noise_image(), "PNG") + bytes(26 << 20), "too_large"),
    "SVG called a PNG": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "unsupported_type",
    ),
    "EPS called a JPEG": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unsupported_type"),
    "TIFF": (encode_image(make_noise_image(), "TIFF"), "unsupported_type"),
    "nothing": (b"", "unsupported_type"),
    "text behind a PNG's signature": (b"\x89PNG\r\n\x1a\n<svg/>" + bytes(90), "unreadable"),
    "text behind a JPEG's first bytes": (b"\xff\xd8\xff<html><script>alert(1)</script></html>", "unreadable"),
    "text behind an AVIF's brand": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif<html/>" + bytes(90), "unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_is_refused_at_once_with_the_facts_of_its_sentence(name: str) -> None:
    data, code = HOSTILE_FILES[name]
    start = time.process_time()
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(data, SIZES, "crop")
    assert time.process_time() - start < 0.4
    assert caught.value.code == code
    assert "{" not in make_problem(f"picture_{code}", **caught.value.facts).format_message()


@pytest.mark.parametrize("name", [name for name in HOSTILE_FILES if "without a palette" not in name])
def test_a_model_that_answers_with_such_a_file_is_not_believed_either(name: str) -> None:
    with pytest.raises(ImageRejectedError):
        verify_image(HOSTILE_FILES[name][0], 10_000_000)


SAMPLES: Final = {kind: encode_image(make_noise_image(), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF")} | {
    "progressive JPEG": encode_image(make_noise_image(), "JPEG", progressive=True),
    "lossless WEBP": encode_image(make_noise_image(32), "WEBP", lossless=True),
    "animated GIF": encode_image(make_noise_image(32), "GIF", save_all=True, append_images=[make_noise_image(32)]),
    "animated PNG": encode_image(make_noise_image(32), "PNG", save_all=True, append_images=[make_noise_image(32)]),
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "progressive JPEG"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_file_cut_short_is_refused(kind: str, share: float) -> None:
    data = SAMPLES[kind]
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(data[: int(share * len(data))], SIZES, "crop")
    assert caught.value.code in {"truncated", "unreadable"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive JPEG"])
def test_a_download_that_ended_early_is_told_from_damage(kind: str) -> None:
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(SAMPLES[kind][:-400], SIZES, "crop")
    assert (caught.value.code, set(caught.value.facts)) == ("truncated", {"type"})


def assert_only_rejects(look: Callable[[], object]) -> None:
    start = time.process_time()
    with suppress(ImageRejectedError):
        look()
    assert time.process_time() - start < 1


byte_flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8)
fuzz_settings = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@fuzz_settings
@given(st.sampled_from(sorted(SAMPLES)), byte_flips, st.floats(0.3, 1), st.booleans())
def test_broken_bytes_are_refused_or_shown_and_nothing_else_happens(
    kind: str, changes: list[tuple[float, int]], share: float, in_the_header: bool
) -> None:
    data = bytearray(SAMPLES[kind][: int(share * len(SAMPLES[kind]))])
    for where, change in changes:
        data[int(where * (min(len(data), 120) if in_the_header else len(data)))] ^= change
    assert_only_rejects(lambda: prepare_image(bytes(data), SIZES, "crop"))
    assert_only_rejects(lambda: verify_image(bytes(data), 10_000_000))


@fuzz_settings
@given(
    st.sampled_from([data[:size] for data in SAMPLES.values() for size in (4, 12, 40, 120)]), st.binary(max_size=200)
)
def test_a_good_beginning_and_any_end_are_refused_or_shown(head: bytes, tail: bytes) -> None:
    assert_only_rejects(lambda: prepare_image(head + tail, SIZES, "crop"))


def test_time_is_limited_too() -> None:
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(SAMPLES["JPEG"], SIZES, "crop", Limits(max_seconds=-1))
    assert (caught.value.code, caught.value.facts) == ("too_slow", {"type": "JPEG", "limit": -1})


def test_a_picture_at_its_limits_is_read_and_one_beyond_is_not() -> None:
    data = SAMPLES["PNG"]
    exact = Limits(max_bytes=len(data), max_pixels=MappingProxyType({ImageType.PNG: 64 * 64}), min_side=64)
    assert prepare_image(data, SIZES, "crop", exact).source_width == 64
    for beyond, code in (
        (Limits(max_bytes=len(data) - 1), "too_large"),
        (Limits(max_pixels=MappingProxyType({ImageType.PNG: 64 * 64 - 1})), "too_many_pixels"),
        (Limits(min_side=65), "too_small"),
        (Limits(max_png_chunks=2), "too_many_chunks"),
    ):
        with pytest.raises(ImageRejectedError) as caught:
            prepare_image(data, SIZES, "crop", beyond)
        assert caught.value.code == code


def test_a_film_behind_a_phones_picture_is_no_reason_to_refuse_it() -> None:
    film = b"\xff\xda and other bytes of a film" * 500
    assert prepare_image(encode_image(make_noise_image(), "JPEG") + film, SIZES, "crop").source_type is ImageType.JPEG


def test_a_picture_in_as_many_scans_as_encoders_write_is_read() -> None:
    cmyk = encode_image(make_noise_image().convert("CMYK"), "JPEG", progressive=True)
    assert cmyk.count(b"\xff\xda") >= 10
    prepare_image(cmyk, SIZES, "crop")


def test_heic_without_its_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(decoding._DECODERS, ImageType.HEIC, raising=False)
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90), SIZES, "crop")
    assert caught.value.code == "heif_missing"


def test_avif_without_its_decoder_is_a_type_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(decoding._DECODERS, ImageType.AVIF)
    with pytest.raises(ImageRejectedError) as caught:
        prepare_image(SAMPLES["AVIF"], SIZES, "crop")
    assert caught.value.code == "unsupported_type"
    assert "AVIF" not in str(caught.value.facts["accepted"])


def test_threads_share_no_state_and_no_warning_surfaces() -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\xff\xff\xff\0\0\0\0"
    odd = encode_image(make_noise_image(), "JPEG", exif=exif)
    before = list(warnings.filters), Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)
    failures: list[object] = []

    def work() -> None:
        try:
            for _ in range(10):
                prepare_image(odd, SIZES, "crop")
        except Exception as error:  # noqa: BLE001 - a thread's failure has to reach the test
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)) == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_models_picture_passes_with_its_type_and_size(kind: str) -> None:
    assert verify_image(encode_image(make_noise_image(96), kind), 96 * 96) == (ImageType[kind], 96, 96)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_models_picture_that_is_cut_short_or_too_large_does_not_pass(kind: str) -> None:
    whole = encode_image(make_noise_image(96), kind)
    for data, most, codes in (
        (whole[:-1], 96 * 96, {"truncated"}),
        (whole[: len(whole) // 2], 96 * 96, {"truncated", "unreadable"}),
        (whole, 96 * 96 - 1, {"too_many_pixels"}),
    ):
        with pytest.raises(ImageRejectedError) as caught:
            verify_image(data, most)
        assert caught.value.code in codes


def test_a_models_png_with_one_wrong_byte_does_not_pass() -> None:
    png = bytearray(SAMPLES["PNG"])
    png[len(png) // 2] ^= 1
    with pytest.raises(ImageRejectedError) as caught:
        verify_image(bytes(png), 10_000_000)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("kind", ["GIF", "AVIF"])
def test_a_type_that_no_model_answers_with_does_not_pass(kind: str) -> None:
    with pytest.raises(ImageRejectedError) as caught:
        verify_image(SAMPLES[kind], 10_000_000)
    assert caught.value.facts == {"accepted": "PNG, JPEG, WEBP"}
