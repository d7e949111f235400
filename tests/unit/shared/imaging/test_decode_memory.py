"""Limits by the memory of decoding: above common devices, and one large image at a time."""

import io
import threading
import time
from typing import Final

import pytest
from PIL import Image

from shared.imaging import decode_memory
from shared.imaging.decoding import decode_pixels, open_image
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError, Limits
from tests.support.hostile_images import make_gif, make_jpeg, make_png, make_webp
from tests.support.images import encode_image, make_grainy_image, make_png_chunk

PALETTE: Final = make_png_chunk(b"PLTE", bytes(6))
COMMON_DEVICES: Final[dict[str, bytes]] = {
    "a phone of 50 megapixels": make_jpeg(8192, 6144),
    "a phone of 108 megapixels": make_jpeg(12_000, 9000),
    "a camera of 61 megapixels": make_jpeg(9504, 6336),
    "A4 at 600 dpi in 1 bit": make_png(4960, 7016, depth=1),
    "A4 at 600 dpi in grey": make_png(4960, 7016),
    "A4 at 600 dpi in a palette": make_png(4960, 7016, PALETTE, colour_type=3),
    "A4 at 600 dpi in colour": make_png(4960, 7016, colour_type=2),
    "A4 at 600 dpi as a JPEG": make_jpeg(4960, 7016),
    "a screenshot in 8K": make_png(7680, 4320, colour_type=6),
    "a screenshot in 8K with a colour key": make_png(
        7680, 4320, PALETTE, make_png_chunk(b"tRNS", b"\0"), colour_type=3
    ),
    "a WebP of 25 megapixels": make_webp(5000, 5000),
    "a GIF of 25 megapixels": make_gif(5000, 5000),
}
TOO_LARGE: Final[dict[str, tuple[bytes, str]]] = {
    "PNG with alpha": (make_png(6600, 6600, colour_type=6), "40.5 MP"),
    "PNG in 1 bit": (make_png(8001, 8000, depth=1), "64 MP"),
    "WebP": (make_webp(5600, 5500), "30.6 MP"),
    "GIF": (make_gif(6100, 6100), "36.6 MP"),
    "JPEG": (make_jpeg(12_100, 9100), "110 MP"),
}


@pytest.mark.parametrize("device", COMMON_DEVICES)
def test_the_limits_lie_above_the_images_of_common_devices(device: str) -> None:
    opened = open_image(COMMON_DEVICES[device], Limits(min_bytes_per_megapixel=0))
    assert min(opened.image.size) > 4000


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_larger_image_is_rejected_with_the_limit_of_its_kind(name: str) -> None:
    data, limit = TOO_LARGE[name]
    with pytest.raises(ImageRejectedError) as rejected:
        open_image(data, Limits(min_bytes_per_megapixel=0))
    assert (rejected.value.code, rejected.value.facts["limit"]) == ("too_many_pixels", limit)


def test_a_jpeg_counts_as_it_is_drafted_and_a_progressive_one_with_its_coefficients() -> None:
    image = make_grainy_image(640)
    baseline, progressive, full_colour = (
        encode_image(image, "JPEG", quality=50, **options)
        for options in ({}, {"progressive": True}, {"progressive": True, "subsampling": 0})
    )
    limits = Limits(max_decoded_bytes=640 * 640 * 4)

    def decode(jpeg: bytes, needed: tuple[int, int]) -> None:
        with decode_pixels(open_image(jpeg, limits), needed) as pixels:
            assert pixels.image.size[0] <= 2 * needed[0]

    decode(baseline, (64, 64))
    decode(progressive, (64, 64))
    for jpeg, needed in ((baseline, (640, 640)), (progressive, (320, 320)), (full_colour, (64, 64))):
        with pytest.raises(ImageRejectedError) as rejected:
            decode(jpeg, needed)
        assert rejected.value.code == "too_many_pixels"


def test_the_largest_jpegs_may_have_fewer_scans() -> None:
    progressive = encode_image(make_grainy_image(64), "JPEG", progressive=True)
    scans = progressive.count(b"\xff\xda")

    open_image(progressive, Limits(max_scanned_pixels=scans * 64 * 64))
    with pytest.raises(ImageRejectedError) as rejected:
        open_image(progressive, Limits(max_scanned_pixels=scans * 64 * 64 - 1))
    assert (rejected.value.code, rejected.value.facts["limit"]) == ("too_many_chunks", scans - 1)


@pytest.mark.parametrize(("large_bytes", "may_overlap"), [(0, False), (1 << 30, True)])
def test_one_large_image_is_decoded_at_a_time_and_small_ones_at_once(
    monkeypatch: pytest.MonkeyPatch, large_bytes: int, may_overlap: bool
) -> None:
    monkeypatch.setattr(decode_memory, "LARGE_BYTES", large_bytes)
    data, lock, running, most = encode_image(make_grainy_image(64), "PNG"), threading.Lock(), 0, 0

    def decode() -> None:
        nonlocal running, most
        with decode_pixels(open_image(data, DEFAULT_LIMITS)):
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.05)
            with lock:
                running -= 1

    threads = [threading.Thread(target=decode) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == (3 if may_overlap else 1)


def test_the_turn_passes_on_after_an_error_and_the_pixels_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_memory, "LARGE_BYTES", 0)
    data = encode_image(make_grainy_image(64), "PNG")
    for _ in range(2):
        opened = open_image(data, DEFAULT_LIMITS)
        with pytest.raises(ImageRejectedError), decode_pixels(opened):
            raise ValueError("a conversion that fails")
        with pytest.raises(ValueError, match="closed"):
            opened.image.getpixel((0, 0))


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_the_decoder_is_released_before_pillow_allocates_its_image(kind: str) -> None:
    opened = open_image(encode_image(make_grainy_image(64), kind), DEFAULT_LIMITS)
    with decode_pixels(opened):
        assert opened.image._decoder is None  # type: ignore[attr-defined]


def test_a_webp_with_alpha_keeps_its_pixels() -> None:
    image = Image.linear_gradient("L").resize((64, 64)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((64, 64)).rotate(90))
    data = encode_image(image, "WEBP", lossless=True, exact=True)
    with decode_pixels(open_image(data, DEFAULT_LIMITS)) as pixels:
        assert pixels.image.tobytes() == Image.open(io.BytesIO(data)).tobytes() == image.tobytes()
