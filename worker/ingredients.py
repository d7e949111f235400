"""The credentials of an uploaded picture, on their way from the prepare stage to the signature of the result.

The picture is encoded anew for the model, so that its own manifest is read before, and travels as an ingredient in
segments of the prepared JPEG, from which it is taken before the model is called.
"""

import logging
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from shared.imaging.jpeg_segments import iterate_jpeg_segments
from shared.imaging.marks import has_content_credentials
from shared.imaging.sniffing import sniff_image_type
from worker import ingredient_builder
from worker.signing import SOURCE

log = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES: Final = 1 << 20
"""The largest ingredient that is carried along, of which a signed picture grows."""
_TIMEOUT_SECONDS: Final = 20.0
_SCRIPT: Final = str(Path(ingredient_builder.__file__).resolve())
_APP15: Final = 0xEF
_HEADER: Final = b"pentimento ingredient\0"
_MAX_PART_BYTES: Final = 0xFFFF - 2 - len(_HEADER)
_SOI_BYTES: Final = 2


def build_ingredient(upload: bytes) -> bytes | None:
    """Read an upload with credentials as an ingredient; None if it carries none, or none that can be read."""
    image_type = sniff_image_type(upload[:32])
    if image_type is None or not has_content_credentials(upload):
        return None
    command = [sys.executable, "-I", _SCRIPT, image_type.media_type, SOURCE]
    try:
        done = subprocess.run(  # noqa: S603 - the script is ours
            command,
            input=upload,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("the content credentials of an upload could not be read in %g s", _TIMEOUT_SECONDS)
        return None
    if done.returncode or len(done.stdout) > MAX_ARCHIVE_BYTES:
        log.info("the content credentials of an upload are left out (%d, %d bytes)", done.returncode, len(done.stdout))
        return None
    return done.stdout


def attach_ingredient(jpeg: bytes, archive: bytes | None) -> bytes:
    """Insert an archive into a JPEG, in as many segments as it takes."""
    if archive is None:
        return jpeg
    parts = [archive[start : start + _MAX_PART_BYTES] for start in range(0, len(archive), _MAX_PART_BYTES)]
    segments = [struct.pack(">BBH", 0xFF, _APP15, len(_HEADER) + len(part) + 2) + _HEADER + part for part in parts]
    return b"".join((jpeg[:_SOI_BYTES], *segments, jpeg[_SOI_BYTES:]))


def detach_ingredient(jpeg: bytes) -> tuple[bytes, bytes | None]:
    """Return the JPEG as it was before `attach_ingredient`, and the archive; None if there is none."""
    if jpeg[_SOI_BYTES + 4 : _SOI_BYTES + 4 + len(_HEADER)] != _HEADER:
        return jpeg, None
    end, parts = _SOI_BYTES, []
    for segment in iterate_jpeg_segments(jpeg):
        if segment.marker != _APP15 or bytes(segment.data[: len(_HEADER)]) != _HEADER:
            break
        parts.append(segment.data[len(_HEADER) :])
        end = segment.end
    return jpeg[:_SOI_BYTES] + jpeg[end:], b"".join(parts)
