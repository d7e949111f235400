"""The signed content credentials (C2PA) of pictures, read in a process of their own."""

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.results import credentials_reader
from shared.imaging.marks import has_content_credentials
from shared.imaging.sniffing import sniff_image_type

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 20.0
_MAX_PROCESSES: Final = 2
_NOT_INSTALLED: Final = 3
_SCRIPT: Final = str(Path(credentials_reader.__file__).resolve())


class CredentialsState(StrEnum):
    """Whether the credentials of a picture can be read, and fit it."""

    INTACT = "intact"
    """The signature is that of these bytes. Whether its signer deserves trust is another question."""
    BROKEN = "broken"
    """The picture or the credentials were changed after they were signed."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class CredentialsReport:
    """The signed credentials of a picture. All but the state are the signer's words, and empty if unknown."""

    state: CredentialsState
    signer: str = ""
    generator: str = ""
    signed_at: str = ""
    source_types: Sequence[str] = ()
    ingredients: Sequence[str] = ()


@dataclass(frozen=True)
class CredentialsReader:
    """Reads credentials, two pictures at a time."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_PROCESSES))

    async def read_credentials(self, data: bytes) -> CredentialsReport | None:
        """Read those of a picture; None if it carries none. Nothing is raised for a damaged picture."""
        image_type = sniff_image_type(data[:32])
        if image_type is None or not has_content_credentials(data):
            return None
        async with self.slots:
            code, output = await _run_reader(image_type.media_type, data)
        if code == _NOT_INSTALLED:
            log.warning("a picture has content credentials, and c2pa-python is not installed to read them")
        if code:
            return CredentialsReport(CredentialsState.UNREADABLE)
        return _parse_report(output)


async def _run_reader(media_type: str, data: bytes) -> tuple[int, bytes]:
    """Return the exit code of the process and its output. Its environment is empty: it needs no secrets."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        _SCRIPT,
        media_type,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            output, _ = await process.communicate(data)
    except TimeoutError:
        log.warning("the content credentials of a picture could not be read in %g s", _TIMEOUT_SECONDS)
        return 1, b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output


def _parse_report(output: bytes) -> CredentialsReport:
    summary = json.loads(output)
    is_intact = summary.pop("state") in ("Valid", "Trusted")
    return CredentialsReport(CredentialsState.INTACT if is_intact else CredentialsState.BROKEN, **summary)
