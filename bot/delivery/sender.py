"""Posts each outcome once: in the best place that accepts it, unless it was posted before.

The nonce of the message is the job's id; Discord keeps it unique for a few minutes
(https://discord.com/developers/docs/resources/message#create-message). A message that may be older than that, or that
an earlier process may have posted, is looked for in the channel's history first.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import discord

from bot.delivery.destinations import (
    CALL_TIMEOUT_SECONDS,
    Destination,
    ReplyReference,
    find_message_in_channel,
    get_channel_destination,
    get_status_destination,
    get_thread_destination,
    is_status_message_outcome,
    open_direct_destination,
    rename_thread,
)
from bot.delivery.discord_errors import (
    CANNOT_REPLY_CODE,
    UNKNOWN_MESSAGE_CODE,
    DestinationForbiddenError,
    get_fallback_reason,
    is_transient,
    is_upload_too_large,
)
from bot.delivery.message import build_outcome_message
from bot.delivery.ports import StatusMessageFinalizer
from bot.delivery.result_message import MessagePayload
from bot.delivery.result_pictures import ResultPictures
from bot.discord_client.sharded_client import load_guild
from bot.domain.guild_settings import GuildSettings, ResultPlace
from bot.domain.messages import MessageRef
from bot.domain.provenance import FileKind
from bot.domain.status import JobStatus
from bot.interactions.offers import restrict_catalogue
from bot.rendering.markdown import build_thread_name
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages, load_messages
from shared.job import Job
from shared.models import Model
from shared.outcome import Failed, Generated, Outcome

log = logging.getLogger(__name__)

NONCE_WINDOW_SECONDS: Final = 60
PING_AFTER_SECONDS: Final = 60  # most results arrive sooner; after a minute the requester may look elsewhere
MIN_UPLOAD_BYTES: Final = 1024**2

_Refusal = discord.HTTPException | DestinationForbiddenError


class OutcomeSender:
    """Posts outcomes in Discord.

    `status_messages` are those that become outcomes. `get_start` returns since when no other process has posted the
    outcome of a job. `result_hashes` get those of smaller copies. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        pictures: ResultPictures,
        catalogue: Catalogue,
        status_messages: StatusMessageFinalizer,
        get_start: Callable[[Job], float],
        *,
        result_hashes: SqlResultHashStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._pictures = pictures
        self._catalogue = catalogue
        self._status_messages = status_messages
        self._result_hashes = result_hashes
        self._clock = clock
        self._get_start = get_start

    async def send_outcome(self, status: JobStatus, outcome: Outcome, settings: GuildSettings) -> MessageRef | None:
        """Post the outcome of a job, or find the message that shows it. None when no place accepts it.

        The `settings` of its server say where it appears, and which models its buttons offer.

        Raises the errors that `bot.delivery.discord_errors.is_transient` knows, and those of the queue.
        """
        await load_guild(self._client, status.job.origin.guild_id)
        message = await self.find_outcome_message(status) if self._may_be_posted_already(status) else None
        return message or await self._post_to_best_destination(status, outcome, settings)

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        """Find the message of an earlier attempt in the job's thread or channel; that of an entry proves nothing.

        An item of a batch has no message. Raises `discord.HTTPException`.
        """
        origin = status.job.origin
        if status.job.entry is not None or status.job.batch is not None:
            return None
        await load_guild(self._client, origin.guild_id)
        if not status.job.exploration_id and await is_status_message_outcome(self._client, status.job):
            return MessageRef(origin.channel_id, origin.message_id, is_private=origin.is_direct_message)
        thread_id = origin.channel_id if origin.is_in_thread else status.thread_id or origin.message_id
        for channel_id in dict.fromkeys((thread_id, origin.channel_id)):
            message_id = await find_message_in_channel(self._client, status, channel_id)
            if message_id is not None:
                return MessageRef(channel_id, message_id, is_private=origin.is_direct_message)
        return None

    def _may_be_posted_already(self, status: JobStatus) -> bool:
        """Tell whether an earlier attempt is possible of which the nonce no longer tells."""
        return status.state_since < max(self._get_start(status.job), self._clock() - NONCE_WINDOW_SECONDS)

    async def _post_to_best_destination(
        self, status: JobStatus, outcome: Outcome, settings: GuildSettings
    ) -> MessageRef | None:
        """Post the outcome in the best place that accepts it. None when there is none."""
        job, has_file = status.job, isinstance(outcome, Generated)
        messages = load_messages(job.locale)
        try:
            preferred = self._find_preferred_destination(job, outcome, settings.result_place)
            if preferred is not None:
                return await self._post_message(status, outcome, preferred, settings)
        except (discord.HTTPException, DestinationForbiddenError) as error:
            log.info("job %s: not in its channel, but in its thread (%s)", job.id, _raise_if_transient(error))
        try:
            name = _name_thread(job, outcome, self._catalogue.models.get(job.request.model), messages)
            destination = await get_thread_destination(self._client, status, name, has_file=has_file)
            message = await self._post_message(status, outcome, destination, settings)
        except (discord.HTTPException, DestinationForbiddenError) as error:
            refusal = _raise_if_transient(error)
        else:
            if has_file:
                placeholder = messages.text("thread.without_picture")
                await rename_thread(self._client, job.origin.guild_id, message.channel_id, placeholder, name)
            return message
        if not job.origin.is_in_thread:
            try:
                notes = (_explain_fallback(refusal, messages),)
                destination = get_channel_destination(self._client, job, has_file=has_file, notes=notes)
                return await self._post_message(status, outcome, destination, settings)
            except (discord.HTTPException, DestinationForbiddenError) as error:
                refusal = _raise_if_transient(error)
        log.info("job %s: refused where it was requested (%s)", job.id, refusal)
        note = load_messages(job.requester.locale).text("thread.direct")
        return await self.send_directly(status, outcome, settings, notes=[note])

    def _find_preferred_destination(self, job: Job, outcome: Outcome, place: ResultPlace) -> Destination | None:
        """Return the place that comes before the thread, if there is one. Raises `DestinationForbiddenError`.

        That a job was cancelled is read where it waited. A server may prefer its channel: an edit pings nobody, so a
        result that is to ping is a message of its own.
        """
        if job.exploration_id:
            return None
        has_file = isinstance(outcome, Generated)
        if isinstance(outcome, Failed) and outcome.is_cancelled:
            return get_status_destination(self._client, job, has_file=has_file)
        if place is not ResultPlace.CHANNEL or job.origin.is_in_thread:
            return None
        if self._build_allowed_mentions(job).users:
            return get_channel_destination(self._client, job, has_file=has_file)
        return get_status_destination(self._client, job, has_file=has_file)

    async def send_directly(
        self, status: JobStatus, outcome: Outcome, settings: GuildSettings, *, notes: Sequence[str] = ()
    ) -> MessageRef | None:
        """Post the outcome in the requester's direct messages, or find it there. None when they are closed.

        Raises the errors that `bot.delivery.discord_errors.is_transient` knows, and those of the queue.
        """
        try:
            destination = await open_direct_destination(self._client, status.job, notes)
            if self._may_be_posted_already(status):
                message_id = await find_message_in_channel(self._client, status, destination.channel_id)
                if message_id is not None:
                    return MessageRef(destination.channel_id, message_id, is_private=True)
            return await self._post_message(status, outcome, destination, settings)
        except discord.HTTPException as error:
            _raise_if_transient(error)
            log.info("job %s: refused as a direct message (%s)", status.job.id, error)
        return None

    async def _post_message(
        self, status: JobStatus, outcome: Outcome, destination: Destination, settings: GuildSettings
    ) -> MessageRef:
        """Post the outcome, with a smaller picture or without a reply where Discord requires that."""
        job, max_bytes = status.job, destination.upload_limit
        catalogue = restrict_catalogue(self._catalogue, settings)
        image = await self._pictures.load(job.id) if isinstance(outcome, Generated) else None
        channel = self._client.get_partial_messageable(destination.channel_id)
        options: dict[str, Any] = {"nonce": job.id, "allowed_mentions": self._build_allowed_mentions(job)}
        if destination.is_reply:
            options["reference"] = ReplyReference(destination.channel_id, job.origin.message_id)
        while True:
            payload = await build_outcome_message(
                status, outcome, image, destination=destination, max_bytes=max_bytes, catalogue=catalogue
            )
            copy = None if image is None else _find_copy(payload, image)
            try:
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    if destination.is_status_message:
                        await self._status_messages.replace_message(job, payload["view"], payload.get("files", ()))
                        message_id = job.origin.message_id
                    else:
                        message_id = (await channel.send(**options, **payload)).id
            except discord.HTTPException as error:
                if error.code == CANNOT_REPLY_CODE and "reference" in options:
                    del options["reference"]
                elif is_upload_too_large(error) and max_bytes > MIN_UPLOAD_BYTES:
                    max_bytes //= 2
                elif error.code == UNKNOWN_MESSAGE_CODE and not destination.is_status_message:
                    # its nonce belongs to a message that was deleted since
                    return MessageRef(destination.channel_id, None, is_private=destination.is_private)
                else:
                    raise
            else:
                if copy is not None and self._result_hashes is not None:
                    await self._result_hashes.save_copy(job.id, copy, FileKind.SMALLER)
                return MessageRef(destination.channel_id, message_id, is_private=destination.is_private)

    def _build_allowed_mentions(self, job: Job) -> discord.AllowedMentions:
        """Allow a result to ping its requester, as they wish; nothing else pings anybody."""
        nobody = discord.AllowedMentions.none()
        is_late = self._clock() - job.accepted_at > PING_AFTER_SECONDS
        if job.requester.always_pings or (job.requester.may_ping and is_late):
            return nobody.merge(discord.AllowedMentions(users=[discord.Object(job.requester.id)]))
        return nobody


def _find_copy(payload: MessagePayload, image: bytes) -> bytes | None:
    """Return the file of a message if it is a smaller copy of the picture."""
    for file in payload.get("files", ()):
        data = file.fp.read()
        file.reset()
        return None if data == image else data
    return None


def _name_thread(job: Job, outcome: Outcome, model: Model | None, messages: Messages) -> str:
    """Name a thread after the prompt of a picture; a prompt without a picture is nobody else's business.

    Upscalers and edits that read no prompt have none.
    """
    if not isinstance(outcome, Generated):
        return messages.text("thread.without_picture")
    if job.request.text_prompts:
        return build_thread_name(job.request)
    return messages.text("thread.edited" if model is not None and model.task == "edit" else "thread.upscaled")


def _explain_fallback(refusal: _Refusal, messages: Messages) -> str:
    code = refusal.code if isinstance(refusal, discord.HTTPException) else 0
    return messages.text(f"thread.{get_fallback_reason(refusal)}", code=code)


def _raise_if_transient(error: _Refusal) -> _Refusal:
    """Raise a transient error again; return one that is due to the destination."""
    if is_transient(error):
        raise error
    return error
