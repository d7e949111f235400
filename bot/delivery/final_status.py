"""The last edit of status messages: a picture in its thread is previewed there, anything else is told in words."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from bot.delivery.ports import GuildSettingsReader, StatusMessageFinalizer
from bot.delivery.preview import build_preview
from bot.delivery.result_pictures import ResultPictures
from bot.domain.guild_settings import GuildSettings, ResultPlace
from bot.domain.messages import MessageRef
from bot.domain.provenance import FileKind
from bot.domain.status import JobStatus
from bot.images.marking import mark_image
from bot.images.thumbnail import make_thumbnail
from bot.interactions.offers import restrict_catalogue
from bot.rendering.status_text import format_outcome_status
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.imaging.limits import ImageRejectedError
from shared.imaging.xmp import SourceType
from shared.job import Job
from shared.outcome import Generated, Outcome
from shared.problems import RejectedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinalStatus:
    """Edits status messages a last time. Repeated, the same edit changes nothing."""

    pictures: ResultPictures
    status_messages: StatusMessageFinalizer
    guild_settings: GuildSettingsReader
    catalogue: Catalogue
    result_hashes: SqlResultHashStore | None = None

    async def load_settings(self, job: Job) -> GuildSettings:
        """Load the settings of a job's server; the defaults in direct messages, and where the database fails."""
        if job.origin.is_direct_message:
            return GuildSettings()
        try:
            return await self.guild_settings.load_settings(job.origin.guild_id)
        except RejectedError:
            return GuildSettings()

    async def show_outcome(
        self, status: JobStatus, outcome: Outcome, message: MessageRef | None, settings: GuildSettings
    ) -> None:
        """Show where the `message` with the outcome is, None if no place accepted one.

        The message of an exploration is edited elsewhere, and one that shows the outcome itself is left alone. Raises
        the errors that `bot.delivery.discord_errors.is_transient` knows.
        """
        job, origin = status.job, status.job.origin
        if job.exploration_id or (message is not None and message.message_id == origin.message_id):
            return
        is_in_thread = message is not None and message.channel_id == origin.message_id
        if message is not None and is_in_thread and settings.result_place is not ResultPlace.THREAD:
            is_previewed = isinstance(outcome, Generated) and await self._show_preview(job, outcome, message, settings)
            if is_previewed:
                return
        text = format_outcome_status(
            job,
            outcome,
            load_messages(job.locale),
            message.build_link(origin.guild_id) if message else None,
            is_private=message is not None and message.is_private and not origin.is_direct_message,
        )
        await self.status_messages.finalize_message(job, text)

    async def _show_preview(self, job: Job, generated: Generated, message: MessageRef, settings: GuildSettings) -> bool:
        """Show the picture of `message` small. False if there is none any more, or Discord does not accept it here."""
        image = await self.pictures.load(job.id)
        if image is None:
            return False
        source_type = SourceType.choose(has_picture=job.request.has_picture)
        try:
            thumbnail = mark_image(await asyncio.to_thread(make_thumbnail, image), source_type)
        except (ImageRejectedError, MemoryError):
            log.warning("job %s: no preview could be made", job.id, exc_info=True)
            return False
        link = message.build_link(job.origin.guild_id)
        catalogue = restrict_catalogue(self.catalogue, settings)
        build = partial(build_preview, job, generated, thumbnail, link, catalogue)
        is_shown = await self.status_messages.finalize_message(job, build)
        if is_shown and self.result_hashes is not None:
            await self.result_hashes.save_copy(job.id, thumbnail, FileKind.PREVIEW)
        return is_shown
