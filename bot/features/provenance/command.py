"""The command “Provenance” of a message's menu."""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Final

import discord

from bot.features.provenance.findings import Findings, Match
from bot.features.provenance.view import build_provenance_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.results.credentials import CredentialsReader
from bot.results.embedded_settings import parse_embedded_settings
from bot.results.lookup import ResultLookup
from bot.results.message_images import require_message_images
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue
from shared.imaging.marks import read_marks

MAX_PICTURES: Final = 4
"""The pictures of a message that are looked at."""


@dataclass(frozen=True)
class ProvenanceCommand:
    """Says where the pictures of a message come from: by the records, by their marks, by who signed them."""

    result_lookup: ResultLookup
    result_hashes: SqlResultHashStore
    credentials_reader: CredentialsReader
    catalogue: Catalogue

    async def show_provenance(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show it to the user alone."""
        await respond_with(interaction, partial(self._render_provenance, interaction, message))

    async def _render_provenance(self, interaction: discord.Interaction, message: discord.Message) -> RenderedMessage:
        images = require_message_images(message, MAX_PICTURES + 1)
        findings = [
            await self._examine(interaction, message, await self.result_lookup.fetch_image(image))
            for image in images[:MAX_PICTURES]
        ]
        messages = get_localized_messages(interaction)
        has_more = len(images) > MAX_PICTURES
        return RenderedMessage(build_provenance_view(findings, self.catalogue, messages, has_more=has_more))

    async def _examine(self, interaction: discord.Interaction, message: discord.Message, data: bytes) -> Findings:
        """Collect the facts about one picture that this user may know."""
        sha256, marks, settings = await asyncio.to_thread(
            lambda: (hashlib.sha256(data).hexdigest(), read_marks(data), parse_embedded_settings(data))
        )
        credentials = await self.credentials_reader.read_credentials(data)
        posted = await self.result_hashes.find_file(sha256)
        if posted is not None:
            record = await self.result_lookup.find_visible_result(interaction, posted.job_id, message)
            if record is not None:
                return Findings(Match.EXACT, marks, credentials, record, posted)
        if settings is not None:
            record = await self.result_lookup.find_visible_result(interaction, settings.job_id, message)
            if record is not None:
                is_hashed = await self.result_hashes.has_result_hash(record.job.id)
                return Findings(Match.CHANGED if is_hashed else Match.UNHASHED, marks, credentials, record)
        return Findings(Match.NONE, marks, credentials)
