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

from bot.deliver.letters import letter
from bot.deliver.refusals import CANNOT_REPLY, UNKNOWN_MESSAGE, passes, too_large
from bot.deliver.spots import CALL_SECONDS, Reply, Spot, channel_spot, direct_spot, find_answer, thread_spot
from bot.phrases import phrases_for
from bot.ports import Delivering, Standing, Told
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Generated

log = logging.getLogger(__name__)

NONCE_SECONDS: Final = 60
PING_SECONDS: Final = 60  # most answers come within one minute; who waits for longer may look elsewhere
SMALLEST_UPLOAD: Final = 1024**2


class Voice:
    """Says answers in Discord. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        queue: Delivering,
        catalogue: Catalogue,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._queue = queue
        self._catalogue = catalogue
        self._clock = clock
        self._started = clock()

    async def tell(self, standing: Standing) -> Told | None:
        """Say how the job ended, or find where that was said; None when no place takes it.

        Raises what `bot.deliver.refusals.passes`, and whatever the queue raises.
        """
        said = await self.find(standing) if self._may_be_said(standing) else None
        return said or await self._say(standing)

    def _may_be_said(self, standing: Standing) -> bool:
        return standing.since < max(self._started, self._clock() - NONCE_SECONDS)

    async def find(self, standing: Standing) -> Told | None:
        """Look for the answer where an earlier try may have left it and the nonce no longer tells."""
        place = standing.job.place
        thread = place.channel if place.in_place else standing.thread or place.message
        for channel in dict.fromkeys((thread, place.channel)):
            message = await find_answer(self._client, standing, channel)
            if message is not None:
                return Told(channel, message, private=place.direct)
        return None

    async def _say(self, standing: Standing) -> Told | None:
        """Post the answer in the best place that takes it; None when there is none."""
        job = standing.job
        phrases = phrases_for(job.requester.locale)
        try:
            return await self._post(standing, await thread_spot(self._client, standing))
        except discord.HTTPException as error:
            refusal = _final(error)
        if not job.place.in_place:
            try:
                return await self._post(standing, channel_spot(self._client, job, refusal, phrases))
            except discord.HTTPException as error:
                refusal = _final(error)
        try:
            spot = await direct_spot(self._client, job, phrases)
            if self._may_be_said(standing) and (found := await find_answer(self._client, standing, spot.channel)):
                return Told(spot.channel, found, private=True)
            return await self._post(standing, spot)
        except discord.HTTPException as error:
            log.info("job %s: refused in its place (%s) and in private (%s)", job.id, refusal, _final(error))
        return None

    def _pinged(self, job: Job) -> discord.AllowedMentions:
        """Let an answer that was long in coming ping the one who asked, if they want that; it pings nobody else."""
        nobody = discord.AllowedMentions.none()
        if job.requester.pings and self._clock() - job.accepted_at > PING_SECONDS:
            return nobody.merge(discord.AllowedMentions(users=[discord.Object(job.requester.id)]))
        return nobody

    async def _post(self, standing: Standing, spot: Spot) -> Told:
        job, limit = standing.job, spot.limit
        picture = await self._queue.picture(job.id) if isinstance(standing.outcome, Generated) else None
        channel = self._client.get_partial_messageable(spot.channel)
        how: dict[str, Any] = {"nonce": job.id, "allowed_mentions": self._pinged(job)}
        if spot.reply:
            how["reference"] = Reply(spot.channel, job.place.message)
        while True:
            what = await letter(standing, picture, spot, limit, self._catalogue)
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    posted = await channel.send(**how, **what)
            except discord.HTTPException as error:
                if error.code == CANNOT_REPLY and "reference" in how:
                    del how["reference"]
                elif too_large(error) and limit > SMALLEST_UPLOAD:
                    limit //= 2
                elif error.code == UNKNOWN_MESSAGE:
                    return Told(spot.channel, None, private=spot.private)  # said before, and deleted since
                else:
                    raise
            else:
                return Told(spot.channel, posted.id, private=spot.private)


def _final(error: discord.HTTPException) -> discord.HTTPException:
    """Give the refusal back when the place is to blame, raise it when it passes with time."""
    if passes(error):
        raise error
    return error
