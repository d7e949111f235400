"""Images that failed once, from bug reports and real devices: each is read, in the colours that Chromium shows.

They lie beside the repository (`../shared/cases`) and are not part of it.
"""

import os
from pathlib import Path
from typing import Final

import pytest

from demo.processes import ROOT
from tests.support.images import Colour, is_near
from tests.support.prepared_images import open_prepared, read_pixel
from worker.imaging.preparation import prepare_image

FOLDER: Final = Path(os.environ.get("IMAGE_CASES", ROOT.parent / "shared" / "cases"))
RED, BLUE, WHITE = (180, 60, 40), (40, 90, 200), (255, 255, 255)
TOLERANCE: Final = 4
TOLERANCE_OF_TEN_BITS: Final = 16  # Pillow decodes eight of them, and colours beyond sRGB's gamut amplify the rest
GRADIENT: Final = ((51, 127, 84), (204, 127, 171))
EXPECTED: Final[dict[str, tuple[Colour, Colour]]] = {
    "icc-1.5MB.png": (RED, BLUE),
    "crc-pHYs.png": (RED, BLUE),
    "crc-tEXt.png": (RED, BLUE),
    "icc-linear-named-sRGB.png": ((180, 61, 38), (38, 90, 200)),
    "ztxt_2mib.png": GRADIENT,
    "short_srgb.png": GRADIENT,
    "cicp_pq.png": ((0, 137, 33), (255, 0, 152)),
    "colors_hdr_rec2020.avif": ((255, 63, 15), (114, 252, 19)),
    "gif-corner.gif": (WHITE, (255, 0, 0)),
    "pixel-50MP-8160x6144.jpg": ((128, 128, 128), (128, 128, 128)),
}
"""The colours at a fifth and four fifths of the width, halfway down."""


@pytest.mark.parametrize("name", EXPECTED)
def test_a_reported_image_is_read_in_its_colours(name: str) -> None:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{FOLDER} is not here")
    image = open_prepared(prepare_image(path.read_bytes(), [(640, 480)], "stretch"))
    shown = [read_pixel(image, across, 0.5) for across in (0.2, 0.8)]
    tolerance = TOLERANCE_OF_TEN_BITS if name.endswith(".avif") else TOLERANCE
    assert all(is_near(*pair, tolerance) for pair in zip(shown, EXPECTED[name], strict=True)), shown
