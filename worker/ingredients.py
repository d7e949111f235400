"""The credentials of an uploaded picture, read as an ingredient (C2PA) of the result before it is encoded anew."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Final

from shared.imaging.marks import has_content_credentials
from shared.imaging.sniffing import sniff_image_type
from worker import ingredient_builder
from worker.signing import SOURCE

log = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES: Final = 1 << 20
"""The largest ingredient that is carried along, of which a signed picture grows."""
_TIMEOUT_SECONDS: Final = 20.0
_SCRIPT: Final = str(Path(ingredient_builder.__file__).resolve())


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
