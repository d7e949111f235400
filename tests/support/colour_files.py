"""Files that describe their colours in every way, with the values at which Chromium 156 shows them (November 2026)."""

import re
import struct
import zlib
from typing import Final

from PIL import Image, ImageCms

from tests.support.images import Colour, encode_image, make_png_chunk

PATCHES: Final[tuple[Colour, ...]] = (
    (64, 64, 64),
    (128, 128, 128),
    (192, 192, 192),
    (200, 40, 30),
    (30, 60, 200),
    (120, 100, 90),
    (100, 140, 140),
)
LINEAR_GREYS: Final = ((137,) * 3, (188,) * 3, (225,) * 3)
LINEAR: Final = (*LINEAR_GREYS, (229, 110, 96), (96, 133, 229), (183, 168, 160), (168, 196, 196))
P3: Final = (*PATCHES[:3], (218, 0, 4), (17, 61, 208), (124, 99, 88), (88, 141, 141))
BT2020_SRGB_CURVE: Final = (*PATCHES[:3], (249, 0, 6), (0, 60, 210), (132, 97, 88), (55, 144, 141))
BT2020: Final = ((54,) * 3, (121,) * 3, (189,) * 3, (246, 0, 0), (0, 48, 207), (125, 89, 79), (38, 138, 134))
PQ: Final = ((30,) * 3, (132,) * 3, (255,) * 3, (255, 0, 0), (0, 0, 255), (133, 70, 58), (0, 171, 165))
PQ_OF_400_NITS: Final = ((39,) * 3, (163,) * 3, (255,) * 3, (255, 0, 0), (0, 0, 255), (163, 88, 73), (0, 209, 202))
PQ_OF_4000_NITS: Final = ((30,) * 3, (132,) * 3, (226,) * 3, (255, 0, 0), (0, 0, 243), (133, 70, 58), (0, 171, 165))
PQ_IN_P3: Final = (*PQ[:3], (255, 0, 0), (0, 11, 255), (121, 74, 58), (19, 166, 165))
PQ_IN_BT709: Final = (*PQ[:3], (255, 4, 2), (1, 11, 255), (114, 76, 61), (76, 163, 163))
HLG: Final = ((43,) * 3, (99,) * 3, (189,) * 3, (230, 0, 0), (0, 41, 176), (99, 73, 67), (45, 113, 110))
HLG_IN_P3: Final = (*HLG[:3], (199, 0, 0), (6, 43, 178), (93, 75, 67), (70, 111, 110))
GAMMA_2_2: Final = ((62,) * 3, (129,) * 3, (193,) * 3, (201, 35, 24), (24, 57, 201), (121, 100, 90), (100, 141, 141))
GAMMA_2_8: Final = ((40,) * 3, (106,) * 3, (179,) * 3, (189, 17, 8), (8, 36, 189), (98, 76, 66), (76, 120, 120))
P3_AT_GAMMA_2_2: Final = (*GAMMA_2_2[:3], (220, 0, 0), (6, 58, 209), (125, 99, 88), (87, 143, 142))
P3_LINEAR: Final = (*LINEAR_GREYS, (246, 101, 90), (85, 134, 236), (186, 167, 159), (161, 197, 196))
SMPTE_240M: Final = ((81,) * 3, (141,) * 3, (199,) * 3, (205, 58, 48), (47, 78, 205), (133, 116, 105), (115, 152, 151))
SMPTE_C: Final = (*PATCHES[:3], (194, 49, 29), (38, 66, 200), (118, 101, 89), (103, 139, 139))
NTSC_1953: Final = (*GAMMA_2_2[:3], (238, 8, 0), (0, 81, 206), (128, 100, 87), (69, 142, 141))
DCI: Final = ((48,) * 3, (118,) * 3, (191,) * 3, (212, 0, 0), (0, 44, 207), (111, 87, 73), (77, 133, 131))
EBU_3213: Final = (*PATCHES[:3], (201, 50, 29), (29, 71, 199), (119, 101, 89), (99, 139, 139))


def make_patches(side: int = 16) -> Image.Image:
    """Make a row of squares, one for each of `PATCHES`."""
    image = Image.new("RGB", (side * len(PATCHES), side))
    for number, colour in enumerate(PATCHES):
        image.paste(colour, (side * number, 0, side * (number + 1), side))
    return image


def read_patches(image: Image.Image) -> list[Colour]:
    """Read the middle of each square."""
    side = image.width // len(PATCHES)
    values = [image.getpixel((side * number + side // 2, image.height // 2)) for number in range(len(PATCHES))]
    return [(value[0], value[1], value[2]) for value in values if isinstance(value, tuple)]


def make_described_png(*chunks: bytes) -> bytes:
    """Make a PNG of the patches with these chunks after its header."""
    png = encode_image(make_patches(), "PNG")
    return png[:33] + b"".join(chunks) + png[33:]


def make_cicp(primaries: int, transfer: int, matrix: int = 0, full_range: int = 1) -> bytes:
    return make_png_chunk(b"cICP", bytes((primaries, transfer, matrix, full_range)))


def make_gamma(gamma: float) -> bytes:
    return make_png_chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def make_light_level(nits: int) -> bytes:
    return make_png_chunk(b"cLLI", struct.pack(">II", nits * 10_000, 0))


def make_mastering_display(nits: int) -> bytes:
    return make_png_chunk(b"mDCV", bytes(16) + struct.pack(">II", nits * 10_000, 50))


P3_CHROMATICITIES: Final = make_png_chunk(
    b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
)
SRGB_CHUNK: Final = make_png_chunk(b"sRGB", b"\0")


def make_described_avif(primaries: int, transfer: int) -> bytes:
    """Make an AVIF of the patches whose `nclx` box has these code points."""
    avif = bytearray(encode_image(make_patches(32), "AVIF", quality=100, subsampling="4:4:4"))
    at = avif.index(b"colrnclx") + 8
    avif[at : at + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(avif)


def make_profile_with_code_points(primaries: int, transfer: int, full_range: int = 1) -> bytes:
    """Make sRGB's profile with a `cicp` tag."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = int.from_bytes(profile[128:132])
    tags = [struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(count)]
    table = b"".join(struct.pack(">4sII", name, offset + 12, length) for name, offset, length in tags)
    table += struct.pack(">4sII", b"cicp", len(profile) + 12, 12)
    tag = b"cicp" + bytes(4) + bytes((primaries, transfer, 0, full_range))
    whole = profile[:128] + struct.pack(">I", count + 1) + table + profile[132 + 12 * count :] + tag
    return struct.pack(">I", len(whole)) + whole[4:]


def make_iccp(profile: bytes) -> bytes:
    return make_png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))


def rename_profile(profile: bytes, name: str) -> bytes:
    """Give a profile of Little CMS another description of the same length."""
    return profile.replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))


def make_linear(profile: bytes) -> bytes:
    """Replace the curves of a profile of Little CMS by a line."""
    head = b"para" + bytes(4) + b"\0\3\0\0"
    return re.sub(
        re.escape(head) + b".{20}", head + struct.pack(">5i", 65536, 65536, 0, 65536, 0), profile, flags=re.DOTALL
    )
