"""Hostile and broken files are rejected in time, with a code and the facts for its sentence."""

import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import MappingProxyType
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.i18n.messages import describe_problem
from shared.imaging import decoding
from shared.imaging.limits import ImageRejectedError, Limits
from shared.imaging.metadata import read_png_text, replace_png_text
from shared.imaging.sniffing import ImageType
from shared.problems import make_problem
from tests.support.hostile_images import BROKEN_CHUNKS, HOSTILE_FILES
from tests.support.images import encode_image, make_grainy_image, make_png_chunk
from worker.imaging.preparation import prepare_image
from worker.imaging.verification import verify_image

SIZES: Final = [(64, 64)]


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_is_rejected_at_once_with_the_facts_for_its_sentence(name: str) -> None:
    data, code = HOSTILE_FILES[name]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(ImageRejectedError) as rejected:
            prepare_image(data, SIZES, "crop")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.4
    assert rejected.value.code == code
    assert "{" not in describe_problem(make_problem(f"picture_{code}", **rejected.value.facts))


@pytest.mark.parametrize("name", [name for name in HOSTILE_FILES if "without a palette" not in name])
def test_a_hostile_file_from_a_model_is_rejected_too(name: str) -> None:
    with pytest.raises(ImageRejectedError):
        verify_image(HOSTILE_FILES[name][0], 10_000_000)


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
@pytest.mark.parametrize("is_after_pixels", [False, True])
def test_a_png_is_read_without_a_broken_chunk_beside_its_pixels(name: str, is_after_pixels: bool) -> None:
    png = encode_image(make_grainy_image(64), "PNG")
    at = len(png) - 12 if is_after_pixels else 33
    broken = png[:at] + BROKEN_CHUNKS[name] + png[at:]

    start = time.process_time()
    assert prepare_image(broken, SIZES, "crop").data == prepare_image(png, SIZES, "crop").data
    assert time.process_time() - start < 2
    assert verify_image(broken, 64 * 64) == (ImageType.PNG, 64, 64)
    assert read_png_text(replace_png_text(broken, {"seed": "7"})) == {"seed": "7"}


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_broken_chunk_of_transparency_leaves_the_image_opaque(mode: str) -> None:
    png = encode_image(make_grainy_image(64).convert(mode), "PNG")
    at = png.index(b"IDAT") - 4
    for transparency in (b"", b"\0", bytes(300)):
        if mode != "P" or transparency != b"\0":
            chunk = make_png_chunk(b"tRNS", transparency)[:-1] + b"\xff"
            whole = make_png_chunk(b"tRNS", transparency[:1] if mode != "P" else transparency)
            for broken in (chunk, whole):
                data = png[:at] + broken + png[at:]
                assert prepare_image(data, SIZES, "crop").data == prepare_image(png, SIZES, "crop").data


def test_a_png_is_read_with_a_chunk_between_its_pixels_and_a_palette_that_only_suggests_colours() -> None:
    png = encode_image(make_grainy_image(256), "PNG")
    second = png.index(b"IDAT", png.index(b"IDAT") + 4) - 4
    data = (
        png[:33] + make_png_chunk(b"PLTE", bytes(6)) + png[33:second] + make_png_chunk(b"tEXt", b"a\0b") + png[second:]
    )
    assert prepare_image(data, SIZES, "crop").data == prepare_image(png, SIZES, "crop").data


SAMPLES: Final = {
    kind: encode_image(make_grainy_image(64), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
} | {
    "progressive JPEG": encode_image(make_grainy_image(64), "JPEG", progressive=True),
    "lossless WEBP": encode_image(make_grainy_image(32), "WEBP", lossless=True),
    "animated GIF": encode_image(make_grainy_image(32), "GIF", save_all=True, append_images=[make_grainy_image(32)]),
    "animated PNG": encode_image(make_grainy_image(32), "PNG", save_all=True, append_images=[make_grainy_image(32)]),
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "progressive JPEG"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_rejected(kind: str, share: float) -> None:
    data = SAMPLES[kind]
    with pytest.raises(ImageRejectedError) as rejected:
        prepare_image(data[: int(share * len(data))], SIZES, "crop")
    assert rejected.value.code in {"truncated", "unreadable"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive JPEG"])
def test_a_truncated_file_is_distinguished_from_a_damaged_one(kind: str) -> None:
    with pytest.raises(ImageRejectedError) as rejected:
        prepare_image(SAMPLES[kind][:-400], SIZES, "crop")
    assert (rejected.value.code, set(rejected.value.facts)) == ("truncated", {"type"})


def assert_only_rejects(read: Callable[[], object]) -> None:
    start = time.process_time()
    with suppress(ImageRejectedError):
        read()
    assert time.process_time() - start < 1


byte_flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8)
fuzz_settings = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@fuzz_settings
@given(st.sampled_from(sorted(SAMPLES)), byte_flips, st.floats(0.3, 1), st.booleans())
def test_broken_files_are_rejected_or_shown_and_raise_nothing_else(
    kind: str, changes: list[tuple[float, int]], share: float, in_header: bool
) -> None:
    data = bytearray(SAMPLES[kind][: int(share * len(SAMPLES[kind]))])
    for position, change in changes:
        data[int(position * (min(len(data), 120) if in_header else len(data)))] ^= change
    assert_only_rejects(lambda: prepare_image(bytes(data), SIZES, "crop"))
    assert_only_rejects(lambda: verify_image(bytes(data), 10_000_000))


@fuzz_settings
@given(
    st.sampled_from([data[:size] for data in SAMPLES.values() for size in (4, 12, 40, 120)]), st.binary(max_size=200)
)
def test_files_with_a_valid_start_and_any_end_are_rejected_or_shown(head: bytes, tail: bytes) -> None:
    assert_only_rejects(lambda: prepare_image(head + tail, SIZES, "crop"))


def test_cpu_time_is_limited() -> None:
    with pytest.raises(ImageRejectedError) as rejected:
        prepare_image(SAMPLES["JPEG"], SIZES, "crop", Limits(max_seconds=-1))
    assert (rejected.value.code, rejected.value.facts) == ("too_slow", {"type": "JPEG", "limit": -1})


def test_an_image_at_the_limits_is_read_and_one_beyond_them_is_not() -> None:
    data = SAMPLES["PNG"]
    exact = Limits(max_bytes=len(data), max_pixels=MappingProxyType({ImageType.PNG: 64 * 64}), min_side=64)
    assert prepare_image(data, SIZES, "crop", exact).source_width == 64
    for beyond, code in (
        (Limits(max_bytes=len(data) - 1), "too_large"),
        (Limits(max_pixels=MappingProxyType({ImageType.PNG: 64 * 64 - 1})), "too_many_pixels"),
        (Limits(min_side=65), "too_small"),
        (Limits(max_png_chunks=2), "too_many_chunks"),
    ):
        with pytest.raises(ImageRejectedError) as rejected:
            prepare_image(data, SIZES, "crop", beyond)
        assert rejected.value.code == code


def test_a_video_appended_by_a_phone_is_no_reason_to_reject_an_image() -> None:
    video = b"\xff\xda and other bytes of a film" * 500
    assert (
        prepare_image(encode_image(make_grainy_image(64), "JPEG") + video, SIZES, "crop").source_type is ImageType.JPEG
    )


def test_an_image_with_as_many_scans_as_encoders_write_is_read() -> None:
    cmyk = encode_image(make_grainy_image(64).convert("CMYK"), "JPEG", progressive=True)
    assert cmyk.count(b"\xff\xda") >= 10
    prepare_image(cmyk, SIZES, "crop")


def test_heic_without_its_library_is_rejected_with_that_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(decoding._DECODERS, ImageType.HEIC, raising=False)
    with pytest.raises(ImageRejectedError) as rejected:
        prepare_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90), SIZES, "crop")
    assert rejected.value.code == "heif_missing"


def test_avif_without_its_decoder_is_an_unsupported_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(decoding._DECODERS, ImageType.AVIF)
    with pytest.raises(ImageRejectedError) as rejected:
        prepare_image(SAMPLES["AVIF"], SIZES, "crop")
    assert rejected.value.code == "unsupported_type"
    assert "AVIF" not in str(rejected.value.facts["accepted"])


def test_threads_share_no_state_and_warnings_are_suppressed() -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\xff\xff\xff\0\0\0\0"
    broken_exif = encode_image(make_grainy_image(64), "JPEG", exif=exif)
    before = list(warnings.filters), Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)
    failures: list[object] = []

    def prepare_repeatedly() -> None:
        try:
            for _ in range(10):
                prepare_image(broken_exif, SIZES, "crop")
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=prepare_repeatedly) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)) == before
