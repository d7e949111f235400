"""CPU of a contact sheet and of a family tree against decoding their thumbnails and encoding a picture of that size."""

import gc
import io
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image

from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.images.lineage_tree import Node, draw_lineage_tree
from bot.images.thumbnail import make_thumbnail
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import encode_image, make_photo

GOAL = 1.3


def run_baseline(thumbnails: Sequence[bytes], side: int, picture: Image.Image) -> None:
    """Decode each thumbnail as small as JPEG's own scaling makes it for `side`, and encode one picture."""
    for data in thumbnails:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", (side, side))
        image.load()
    encode_image(picture, "JPEG", quality=85)


def measure_cpu(function: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    function()
    return time.process_time() - start


def compare_with_baseline(
    name: str, ours: Callable[[], bytes], thumbnails: Sequence[bytes], side: int, rounds: int
) -> Ratio:
    """Alternate with the baseline, which encodes the same drawing: another image might cost less or more."""
    picture = Image.open(io.BytesIO(ours())).convert("RGB")
    floor = partial(run_baseline, thumbnails, side, picture)
    floor()
    pairs = [(measure_cpu(ours), measure_cpu(floor)) for _ in range(rounds)]
    mine, theirs = zip(*pairs, strict=True)
    return compute_ratio(
        name, mine, theirs, GOAL, note=f"{len(thumbnails)} thumbnails, {picture.width} x {picture.height}"
    )


def measure(quick: bool) -> list[Ratio]:
    """Measure a 3 x 3 sheet and a tree of 30, both with all their words, from stored thumbnails of 512 pixels."""
    rounds = 7 if quick else 25
    thumbnails = [make_thumbnail(encode_image(make_photo(512, 512), "PNG", compress_level=1)) for _ in range(3)] * 10
    cells = [Cell(data, f"seed {number}2345678 · keep 35 %") for number, data in enumerate(thumbnails[:9])]
    nodes = [
        Node(
            str(number),
            str((number - 1) // 2) if number else None,
            data,
            f"Person {number}",
            f"seed {number}2345678",
            "prompt · keep 35 > 50 %",
            current_label="here" if number == 7 else "",
        )
        for number, data in enumerate(thumbnails)
    ]
    return [
        compare_with_baseline(
            "contact_sheet[3x3]", lambda: draw_contact_sheet(cells).jpeg, thumbnails[:9], 512, rounds
        ),
        compare_with_baseline(
            "contact_sheet[tree of 30]", lambda: draw_lineage_tree(nodes).jpeg, thumbnails, 256, rounds
        ),
    ]


if __name__ == "__main__":
    for ratio in measure(quick="--quick" in sys.argv):
        print(ratio)
