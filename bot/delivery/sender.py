"""An answer is said once: in the best place that takes it, unless it stands somewhere already.

A message bears the job's id as its nonce, which Discord holds unique for a few minutes
(https://discord.com/developers/docs/resources/message#create-message). What may be older than that, or from before
this process, is first looked for where it may have been posted.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import discord

from bot.delivery.destinations import (
    CALL_TIMEOUT_SECONDS,
    Destination,
    ReplyReference,
    find_message_in_channel,
    get_channel_destination,
    get_thread_destination,
    open_direct_destination,
)
from bot.delivery.discord_errors import CANNOT_REPLY, UNKNOWN_MESSAGE, is_transient, is_upload_too_large
from bot.delivery.message import build_outcome_message
from bot.delivery.ports import OutcomeStream
from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus
from bot.i18n import load_messages
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Generated

log = logging.getLogger(__name__)

NONCE_WINDOW_SECONDS: Final = 60
PING_AFTER_SECONDS: Final = 60  # most answers come within one minute; who waits for longer may look elsewhere
MIN_UPLOAD_BYTES: Final = 1024**2


class OutcomeSender:
    """Says answers in Discord. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        queue: OutcomeStream,
        catalogue: Catalogue,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._queue = queue
        self._catalogue = catalogue
        self._clock = clock
        self._started = clock()

    async def send_outcome(self, status: JobStatus) -> MessageRef | None:
        """Say how the job ended, or find where that was said; None when no place takes it.

        Raises what `bot.delivery.discord_errors.passes`, and whatever the queue raises.
        """
        said = await self.find_outcome_message(status) if self._may_be_posted_already(status) else None
        return said or await self._post_to_best_destination(status)

    def _may_be_posted_already(self, status: JobStatus) -> bool:
        return status.state_since < max(self._started, self._clock() - NONCE_WINDOW_SECONDS)

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        """Look for the answer where an earlier try may have left it and the nonce no longer tells."""
        place = status.job.origin
        thread = place.channel_id if place.is_in_thread else status.thread_id or place.message_id
        for channel in dict.fromkeys((thread, place.channel_id)):
            message = await find_message_in_channel(self._client, status, channel)
            if message is not None:
                return MessageRef(channel, message, is_private=place.is_direct_message)
        return None

    async def _post_to_best_destination(self, status: JobStatus) -> MessageRef | None:
        """Post the answer in the best place that takes it; None when there is none."""
        job = status.job
        phrases = load_messages(job.requester.locale)
        try:
            return await self._post_message(status, await get_thread_destination(self._client, status))
        except discord.HTTPException as error:
            refusal = _raise_if_transient(error)
        if not job.origin.is_in_thread:
            try:
                return await self._post_message(status, get_channel_destination(self._client, job, refusal, phrases))
            except discord.HTTPException as error:
                refusal = _raise_if_transient(error)
        try:
            spot = await open_direct_destination(self._client, job, phrases)
            if self._may_be_posted_already(status) and (
                found := await find_message_in_channel(self._client, status, spot.channel_id)
            ):
                return MessageRef(spot.channel_id, found, is_private=True)
            return await self._post_message(status, spot)
        except discord.HTTPException as error:
            log.info(
                "job %s: refused in its place (%s) and in private (%s)", job.id, refusal, _raise_if_transient(error)
            )
        return None

    def _build_allowed_mentions(self, job: Job) -> discord.AllowedMentions:
        """Let an answer that was long in coming ping the one who asked, if they want that; it pings nobody else."""
        nobody = discord.AllowedMentions.none()
        if job.requester.may_ping and self._clock() - job.accepted_at > PING_AFTER_SECONDS:
            return nobody.merge(discord.AllowedMentions(users=[discord.Object(job.requester.id)]))
        return nobody

    async def _post_message(self, status: JobStatus, destination: Destination) -> MessageRef:
        job, limit = status.job, destination.upload_limit
        picture = await self._queue.load_result_image(job.id) if isinstance(status.outcome, Generated) else None
        channel = self._client.get_partial_messageable(destination.channel_id)
        how: dict[str, Any] = {"nonce": job.id, "allowed_mentions": self._build_allowed_mentions(job)}
        if destination.is_reply:
            how["reference"] = ReplyReference(destination.channel_id, job.origin.message_id)
        while True:
            what = await build_outcome_message(status, picture, destination, limit, self._catalogue)
            try:
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    posted = await channel.send(**how, **what)
            except discord.HTTPException as error:
                if error.code == CANNOT_REPLY and "reference" in how:
                    del how["reference"]
                elif is_upload_too_large(error) and limit > MIN_UPLOAD_BYTES:
                    limit //= 2
                elif error.code == UNKNOWN_MESSAGE:
                    return MessageRef(
                        destination.channel_id, None, is_private=destination.is_private
                    )  # said before, and deleted since
                else:
                    raise
            else:
                return MessageRef(destination.channel_id, posted.id, is_private=destination.is_private)


def _raise_if_transient(error: discord.HTTPException) -> discord.HTTPException:
    """Give the refusal back when the place is to blame, raise it when it passes with time."""
    if is_transient(error):
        raise error
    return error
