"""`/batch rerun` and “Run again”: the same batch as a new draft, whose preview only the person sees who asks for it."""

import asyncio
import zipfile
from dataclasses import dataclass
from typing import Final

import discord

from bot.batches.custom_ids import RunAgainId
from bot.batches.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, Manifest, read_manifest
from bot.batches.reading.values import SentFile
from bot.batches.repeater import BatchRepeater, describe_batch
from bot.batches.uploads import BatchUploads
from bot.features.batches.context import BatchContext
from bot.features.batches.previews import BatchPreviews
from bot.features.batches.rights import BatchRights
from bot.interactions.responses import RenderedMessage, respond_with
from bot.results.message_images import build_attached_image
from bot.submission.team_option import TeamOption
from shared.problems import RejectedError, make_problem

_ENTRY: Final = f"{MANIFEST_NAME}.json"


@dataclass(frozen=True)
class RerunHandlers:
    """Makes drafts of batches that were made before, for those who may export them, or who have their manifest."""

    context: BatchContext
    rights: BatchRights
    uploads: BatchUploads
    repeater: BatchRepeater
    previews: BatchPreviews
    team_option: TeamOption

    async def rerun(self, interaction: discord.Interaction, manifest: discord.Attachment) -> None:
        """Make a draft of a manifest, or of the archive that it is in."""

        async def render() -> RenderedMessage:
            self.context.require_open(interaction)
            files = [build_attached_image(manifest)]
            async with self.uploads.hold_files(files, interaction.filesize_limit) as (sent, *_):
                found = read_manifest(await asyncio.to_thread(_read_bytes, sent))
            return await self._render_draft(interaction, found, may_use_sources=await self._may_use(interaction, found))

        await respond_with(interaction, render)

    async def run_again(self, interaction: discord.Interaction, custom_id: RunAgainId) -> None:
        """Make a draft of the batch whose board has the button."""

        async def render() -> RenderedMessage:
            self.context.require_open(interaction)
            batch = await self.rights.find_exported(interaction, custom_id.batch_id)
            items = await self.repeater.store.list_items(batch.id)
            return await self._render_draft(interaction, describe_batch(batch, items), may_use_sources=True)

        await respond_with(interaction, render)

    async def _may_use(self, interaction: discord.Interaction, manifest: Manifest) -> bool:
        """Tell whether the user may start from the pictures of the batch of a manifest, which comes from a client."""
        try:
            await self.rights.find_exported(interaction, manifest.batch)
        except RejectedError:
            return False
        return True

    async def _render_draft(
        self, interaction: discord.Interaction, manifest: Manifest, *, may_use_sources: bool
    ) -> RenderedMessage:
        await self.context.require_room(interaction)
        team = await self.team_option.choose_team(interaction, None)
        batch = self.context.build_batch(interaction, team, None)
        context = await self.context.build_request_context(interaction, team)
        await self.repeater.add_draft(batch, manifest, context, may_use_sources=may_use_sources)
        return await self.previews.render_stored(interaction, batch.id)


def _read_bytes(sent: SentFile) -> bytes:
    """Read a manifest, or that in an archive. Raises `RejectedError` (batch_manifest_unreadable)."""
    try:
        with sent.open() as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return file.read(MAX_MANIFEST_BYTES)
            with zipfile.ZipFile(file) as archive, archive.open(_ENTRY) as entry:
                return entry.read(MAX_MANIFEST_BYTES)
    except (OSError, KeyError, RuntimeError, NotImplementedError, ValueError, zipfile.BadZipFile) as error:
        raise RejectedError(make_problem("batch_manifest_unreadable")) from error
