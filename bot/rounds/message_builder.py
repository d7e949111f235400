"""Builds the messages of contests from what is stored, so that each can be posted or drawn anew at any time."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
from discord import ui

from bot.delivery.result_message import MessagePayload, build_file_stem
from bot.domain.ballots import build_score_table
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.domain.rounds import Contest, EntryState, MessageKind, RoundEntry, RoundMessage
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.rendering.layout import ALT_TEXT_LIMIT
from bot.rendering.markdown import truncate_text
from bot.rendering.outcome_views import build_alt_text, compute_component_id
from bot.results.message_images import compute_image_token
from bot.results.picture_thumbnails import PictureThumbnails
from bot.rounds.closing_strip import ClosingStripBuilder
from bot.rounds.pictures import RoundPictures, prepare_upload
from bot.rounds.view import MessageFacts, build_container, list_shown_entries, render_message
from bot.storage.round_stores import RoundStores
from shared.i18n.messages import Messages, load_messages
from shared.imaging.limits import ImageRejectedError
from shared.imaging.xmp import SourceType
from shared.problems import RejectedError

log = logging.getLogger(__name__)

MAX_FILE_BYTES: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
_Galleries = tuple[list[ui.MediaGallery[Any]], list[discord.File]]
_NAMED_KINDS: Final = frozenset({MessageKind.RESULT})


@dataclass(frozen=True)
class BuiltMessage:
    """A message to send or to edit, and the members that it may ping when it is sent."""

    payload: MessagePayload
    pinged_ids: Sequence[int] = ()

    @property
    def allowed_mentions(self) -> discord.AllowedMentions:
        """Let it ping these members and nobody else."""
        users = [discord.Object(user_id) for user_id in self.pinged_ids]
        return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)


@dataclass(frozen=True)
class RoundMessageBuilder:
    """Builds messages. `build_message` raises `RejectedError` if something cannot be loaded for now."""

    stores: RoundStores
    job_history: JobHistory
    pictures: RoundPictures
    thumbnails: PictureThumbnails

    @property
    def closing_strips(self) -> ClosingStripBuilder:
        """Draws the pictures of the last message."""
        return ClosingStripBuilder(self.job_history, self.thumbnails, self.pictures.image_store)

    async def build_message(
        self, client: discord.Client, contest: Contest, message: RoundMessage, nonce: str
    ) -> BuiltMessage:
        """Build a message; its container is recognised by the nonce."""
        messages = load_messages(contest.locale)
        facts = await self._load_facts(contest, message)
        view = render_message(contest, message, facts, messages)
        if message.kind is MessageKind.CLOSING_STRIP:
            strip = await self.closing_strips.build_strip(client, contest, facts.entries, messages, MAX_FILE_BYTES)
            galleries, files = list(strip.galleries), list(strip.files)
            first, *others = view.texts
            view = replace(view, texts=[first, *filter(None, [strip.credits]), *others])
        else:
            galleries, files = await self._build_galleries(client, contest, message, facts, messages)
        payload = MessagePayload(view=build_container(view, galleries, compute_component_id(nonce)))
        if files:
            payload["files"] = files
        return BuiltMessage(payload, view.pinged_ids)

    async def _load_facts(self, contest: Contest, message: RoundMessage) -> MessageFacts:
        is_last = message.kind is MessageKind.CLOSING_STRIP
        round_number = None if is_last else message.round_number
        entries = await self.stores.contests.list_entries(contest.id, round_number=round_number)
        shown = [e for e in entries if e.state is EntryState.ENTERED] if is_last else entries
        named = list_shown_entries(message, shown) if _names_authors(contest, message) else []
        records = await self.job_history.find_jobs([entry.job_id for entry in named])
        is_reminder = message.kind is MessageKind.REMINDER
        reminded_ids = await self.stores.members.list_reminded_members(contest.id) if is_reminder else ()
        scores = build_score_table(entries) if is_last else ()
        return MessageFacts(shown, records, scores, reminded_ids)

    async def _build_galleries(
        self,
        client: discord.Client,
        contest: Contest,
        message: RoundMessage,
        facts: MessageFacts,
        messages: Messages,
    ) -> _Galleries:
        """Show the pictures of the message; one that is gone is left out."""
        shown = list_shown_entries(message, facts.entries)
        pictures = [(entry, await self.pictures.load_entry(client, entry.job_id)) for entry in shown]
        found = [(entry, data) for entry, data in pictures if data is not None]
        if message.kind is MessageKind.ENTERING and contest.round_number == message.round_number:
            return await self._build_source_gallery(client, contest, messages)
        is_anonymous = not _names_authors(contest, message)
        max_bytes = min(MAX_FILE_BYTES, MAX_REQUEST_BYTES // max(1, len(found)))
        items: list[discord.MediaGalleryItem] = []
        files: list[discord.File] = []
        for entry, data in found:
            record = facts.records.get(entry.job_id)
            source_type = SourceType.choose(has_picture=record is None or record.job.request.has_picture)
            try:
                fitted, kind = await prepare_upload(data, max_bytes, source_type, is_anonymous=is_anonymous)
            except (ValueError, ImageRejectedError):
                log.exception("job %s: the picture of the entry cannot be uploaded", entry.job_id)
                continue
            filename = f"{_build_stem(entry, record)}.{kind.extension}"
            alt_text = _build_alt_text(entry, record, messages)
            items.append(discord.MediaGalleryItem(f"attachment://{filename}", description=alt_text))
            files.append(discord.File(io.BytesIO(fitted), filename=filename))
        return ([ui.MediaGallery(*items)], files) if items else ([], [])

    async def _build_source_gallery(self, client: discord.Client, contest: Contest, messages: Messages) -> _Galleries:
        """Show the picture that everybody starts from, if there is one and it can be loaded."""
        try:
            source = await self.pictures.load_source(client, contest)
            if source is None:
                return [], []
            fitted, kind = await prepare_upload(source.data, MAX_FILE_BYTES)
        except (RejectedError, ValueError, ImageRejectedError) as error:
            log.warning("contest %s: the picture that the round starts from cannot be shown (%s)", contest.id, error)
            return [], []
        filename = f"source.{kind.extension}"
        item = discord.MediaGalleryItem(f"attachment://{filename}", description=messages.text("round.source"))
        return [ui.MediaGallery(item)], [discord.File(io.BytesIO(fitted), filename=filename)]


def _names_authors(contest: Contest, message: RoundMessage) -> bool:
    """Tell whether a message may say whose entries it shows."""
    return message.kind in _NAMED_KINDS or (contest.settings.is_relay and message.kind is MessageKind.ENTRY)


def _build_stem(entry: RoundEntry, record: JobRecord | None) -> str:
    if record is not None:
        return build_file_stem(entry.job_id, record.seed)
    return f"entry-{entry.number}-{compute_image_token(entry.job_id)}"


def _build_alt_text(entry: RoundEntry, record: JobRecord | None, messages: Messages) -> str:
    numbered = messages.text("round.entries", count=1, numbers=str(entry.number))
    if record is None:
        return numbered
    return truncate_text(f"{numbered}. {build_alt_text(record.job.request, None, messages)}", ALT_TEXT_LIMIT)
