"""CPU of preparing and checking pictures against a straight line through Pillow: run it from the root with `-m`."""

import argparse
import gc
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from shared.pictures import png_with_text
from worker.imaging import check_answer, prepare

SIZE = (1024, 1024)
PREPARE_GATE, CHECK_GATE, SPLICE_GATE = 1.4, 0.1, 0.01


def photo(width: int, height: int) -> Image.Image:
    """Soft shapes under fine noise: about as many bytes a pixel as a phone's picture."""
    soft = Image.effect_noise((width // 64, height // 64), 90).resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, height), 14)
    bands = [Image.blend(soft, grain, share) for share in (0.15, 0.25, 0.2)]
    return Image.merge("RGB", bands)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def inputs() -> dict[str, bytes]:
    sideways = Image.Exif()
    sideways[0x0112] = 6
    return {
        "JPEG 12 MP": encoded(photo(4000, 3000), "JPEG", quality=88, exif=sideways),
        "JPEG 48 MP": encoded(photo(8000, 6000), "JPEG", quality=85, exif=sideways),
        "JPEG 12 MP progressive": encoded(photo(4000, 3000), "JPEG", quality=88, progressive=True),
        "PNG 4 MP RGBA": encoded(photo(2560, 1600).quantize(64).convert("RGBA"), "PNG", compress_level=1),
        "PNG 12 MP": encoded(photo(4000, 3000), "PNG", compress_level=1),
        "WebP 12 MP": encoded(photo(4000, 3000), "WEBP", quality=80, method=0),
    }


def straight_line(data: bytes) -> bytes:
    """F_img: open, draft, convert, resize, transpose, encode, and nothing that keeps a hostile picture out."""
    image = Image.open(io.BytesIO(data))
    orientation = image.getexif().get(0x0112, 1) if image.format == "JPEG" else 1
    image.draft("RGB", (round(SIZE[1] * image.width / image.height), SIZE[1]))
    ready = image.convert("RGB")
    left = (ready.width - ready.height) / 2
    box = (left, 0, left + ready.height, ready.height)
    drawn = ready.resize(SIZE, Image.Resampling.BICUBIC, box, 1.4)
    if orientation == 6:
        drawn = drawn.transpose(Image.Transpose.ROTATE_270)
    return encoded(drawn, "JPEG", quality=95, subsampling="4:4:4")


def saved_again(png: bytes) -> bytes:
    words = PngInfo()
    words.add_itxt("parameters", "castle in fog")
    return encoded(Image.open(io.BytesIO(png)), "PNG", pnginfo=words)


def decoded(data: bytes) -> None:
    Image.open(io.BytesIO(data)).load()


def medians(rounds: int, ways: Sequence[Callable[[], object]]) -> list[float]:
    """CPU milliseconds of each way, taken in turns so that a slow minute slows all alike."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for times, way in zip(taken, ways, strict=True):
            gc.collect()
            start = time.process_time()
            way()
            times.append((time.process_time() - start) * 1000)
    return [statistics.median(times) for times in taken]


def main() -> int:
    """Print a line of JSON for each comparison; 1 when a ratio is over its gate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    rows: list[tuple[str, float, float, float]] = []

    for name, data in inputs().items():
        floor, ours = medians(rounds, (partial(straight_line, data), partial(prepare, data, [SIZE], "crop")))
        rows.append((f"prepare {name} / F_img", ours, floor, PREPARE_GATE))

    answers = {kind: encoded(photo(*SIZE), kind) for kind in ("PNG", "JPEG", "WEBP")}
    for kind, data in answers.items():
        full, ours = medians(rounds, (partial(decoded, data), partial(check_answer, data, 10_000_000)))
        rows.append((f"check_answer {kind} / decode", ours, full, CHECK_GATE))

    png, words = answers["PNG"], {"parameters": "castle in fog"}
    again, spliced = medians(rounds, (partial(saved_again, png), partial(png_with_text, png, words)))
    rows.append(("png_with_text / Pillow's save", spliced, again, SPLICE_GATE))

    for name, ours, floor, gate in rows:
        ratio = ours / floor
        row = {
            "name": name,
            "cpu_ms": round(ours, 2),
            "floor_ms": round(floor, 2),
            "ratio": round(ratio, 4),
            "gate": gate,
        }
        sys.stdout.write(json.dumps(row) + "\n")
    return int(any(ours > gate * floor for _, ours, floor, gate in rows))


if __name__ == "__main__":
    sys.exit(main())
