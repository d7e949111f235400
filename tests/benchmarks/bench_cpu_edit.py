"""CPU and memory of preparing an edit of 9.4 megapixels against decoding and encoding its pictures alone.

The floor decodes the source and encodes it as JPEG, decodes the mask and encodes it as PNG, and encodes both as base64.
The memory is the peak of a process of its own, in MiB above what it takes for a small picture.
"""

import io
import subprocess
import sys
import tempfile
import time
from binascii import b2a_base64
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

from shared.catalogue import load_catalogue
from shared.prompts import TextPrompt
from shared.request.model import MaskKind, Request
from shared.request.pictures import Pictures
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import encode_image, make_photo
from worker.bedrock.dialects import get_dialect
from worker.imaging.pictures import prepare_pictures
from worker.malloc import tune_malloc

SIDE = 3072
GOAL = 1.15
MEMORY_GOAL_MIB = 64
CATALOGUE = load_catalogue()
KINDS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 1}}
EDITS = {"inpaint": "mask", "style-transfer": "style"}


def make_uploads(kind: str, side: int = SIDE) -> Pictures:
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((side // 6, side // 6, side // 2, side - side // 6), fill=255)
    photo = encode_image(make_photo(side, side), kind, **KINDS[kind])
    return Pictures(photo, encode_image(mask, "PNG"), photo)


def pick_uploads(uploads: Pictures, model: str) -> Pictures:
    is_masked = EDITS[model] == "mask"
    return Pictures(uploads.source, uploads.mask if is_masked else None, None if is_masked else uploads.style)


def build_request(model: str, uploads: Pictures) -> Request:
    return Request(
        model=model,
        text_prompts=(TextPrompt(text="a castle"),),
        has_picture=True,
        mask=None if uploads.mask is None else MaskKind.PICTURE,
        has_style_picture=uploads.style is not None,
    )


def prepare_edit(model: str, uploads: Pictures) -> bytes:
    """Prepare the pictures and write the body, as the worker does."""
    row, request = CATALOGUE.models[model], build_request(model, uploads)
    prepared = prepare_pictures(uploads, request, row)
    return get_dialect(row.dialect).encode(request, row, prepared.pictures, 7)


def run_floor(uploads: Pictures) -> bytes:
    parts = []
    for name, data in uploads.list_parts():
        image, out = Image.open(io.BytesIO(data)), io.BytesIO()
        if name == "mask":
            image.save(out, "PNG", compress_level=3)
        else:
            image.save(out, "JPEG", quality=95, subsampling="4:4:4")
        parts.append(b2a_base64(out.getvalue(), newline=False))
    return b"".join(parts)


def measure_cpu(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def compare_with_floor(model: str, kind: str, rounds: int) -> Ratio:
    uploads = pick_uploads(make_uploads(kind), model)
    pairs = [
        (measure_cpu(lambda: prepare_edit(model, uploads)), measure_cpu(lambda: run_floor(uploads)))
        for _ in range(rounds)
    ]
    mine, floor = zip(*pairs, strict=True)
    return compute_ratio(f"cpu_edit[{model}, {kind}]", mine, floor, GOAL, note=f"{min(floor):.2f} s of CPU at least")


def measure_peak_mib(model: str, kind: str) -> float:
    """Measure the peak of one job in a fresh process, above the same process's after a small one."""
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder:
        for name, data in pick_uploads(make_uploads(kind), model).list_parts():
            Path(folder, name).write_bytes(data)
        command = [sys.executable, "-m", "tests.benchmarks.bench_cpu_edit", "--memory", model, kind, folder]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(model: str, kind: str, folder: str) -> None:
    tune_malloc()
    small = pick_uploads(make_uploads(kind, 64), model)
    prepare_edit(model, small)
    before = read_peak_mib()
    prepare_edit(model, Pictures(**{name: Path(folder, name).read_bytes() for name, _ in small.list_parts()}))
    print(read_peak_mib() - before)


def read_peak_mib() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure(quick: bool) -> list[Ratio]:
    rounds = 5 if quick else 15
    rows = [compare_with_floor(model, kind, rounds) for model in EDITS for kind in KINDS]
    for model in EDITS:
        for kind in KINDS:
            peak = measure_peak_mib(model, kind)
            rows.append(
                Ratio(f"memory_edit[{model}, {kind}], MiB", peak, (peak, peak), MEMORY_GOAL_MIB, note="one job")
            )
    return rows


if __name__ == "__main__":
    if "--memory" in sys.argv:
        print_peak(*sys.argv[-3:])
    else:
        for ratio in measure(quick="--quick" in sys.argv):
            print(ratio)
