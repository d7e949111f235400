"""Sending pictures as archives, privately: to one person once at a time, and to few people at once."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.domain.records import JobRecord
from bot.interactions.responses import UPLOAD_TIMEOUT_SECONDS, defer, respond_with_problems
from bot.results.export_archive import ExportArchive
from bot.results.export_manifest import build_manifest_entry
from shared.imaging.sniffing import sniff_image_type
from shared.problems import RejectedError, make_problem

MAX_CONCURRENT_PEOPLE: Final = 2
PICTURE_TIMEOUT_SECONDS: Final = 30.0
_HEADER_BYTES: Final = 512


@dataclass(frozen=True)
class ArchiveSender:
    """Sends archives to `MAX_CONCURRENT_PEOPLE` altogether; `active_users` are those to whom it sends now."""

    active_users: set[int] = field(default_factory=set)

    async def run_exclusively(
        self, interaction: discord.Interaction, send_archives: Callable[[], Awaitable[None]]
    ) -> None:
        """Defer the response and send, unless archives are being sent to this person, or to too many others."""
        user_id = interaction.user.id
        is_running = user_id in self.active_users
        if is_running or len(self.active_users) >= MAX_CONCURRENT_PEOPLE:
            await respond_with_problems(interaction, [make_problem("export_running" if is_running else "export_busy")])
            return
        self.active_users.add(user_id)
        try:
            if await defer(interaction, private=True):
                await send_archives()
        finally:
            self.active_users.discard(user_id)


async def send_archive(interaction: discord.Interaction, archive: bytes, filename: str) -> None:
    """Send an archive as a followup. Raises the errors of discord.py, and `TimeoutError`."""
    file = discord.File(io.BytesIO(archive), filename=filename)
    async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
        await interaction.followup.send(file=file, ephemeral=True, wait=True)


async def load_archive_picture(
    loading: Awaitable[bytes | None], record: JobRecord, max_bytes: int
) -> tuple[bytes | None, str | None]:
    """Await the picture of a job. Returns it, or the reason for the manifest why there is none.

    One that does not fit into an archive of `max_bytes` of its own is too large.
    """
    try:
        async with asyncio.timeout(PICTURE_TIMEOUT_SECONDS):
            picture = await loading
    except (RejectedError, TimeoutError):
        return None, "unreachable"
    if picture is None or sniff_image_type(picture[:_HEADER_BYTES]) is None:
        return None, "deleted" if record.is_deleted else "gone"
    if not ExportArchive(max_bytes).has_room_for(build_manifest_entry(record, "", None), picture):
        return None, "too large"
    return picture, None


def name_picture(stem: str, picture: bytes | None) -> str | None:
    """Name the file of a picture by its type; None if there is no picture."""
    image_type = sniff_image_type(picture[:_HEADER_BYTES]) if picture else None
    return f"{stem}.{image_type.extension}" if image_type else None
