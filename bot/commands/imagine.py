"""`/imagine`: from the command to an accepted job with a thread, or to words that only its author sees.

What is wrong with the request is told before anything slow and before anything is queued. Then the command is
acknowledged in public, the job written down, its arrival said, the picture fetched, the job queued, its thread opened;
`bot.board` tells the rest. What is written down and never queued, because the bot died, is `bot.reconcile`'s; so no
message says that a request arrived which nobody would remember.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import discord

from bot import attachments
from bot.commands.answers import acknowledge, refuse, take_back
from bot.commands.permissions import may_open_thread, missing
from bot.phrases import phrases_for
from bot.ports import Accepting, Recording, Source
from bot.render import thread_name
from shared.catalogue import Catalogue
from shared.errors import Problem, Refused, problem
from shared.job import Job, Place, Requester
from shared.request import Request, compose, draw_seed, parse_extras

log = logging.getLogger(__name__)

DOWNLOADS: Final = 8
_DEADLINE: Final = 30.0  # discord.py repeats a 5xx for about 25 s
_THREAD_EXISTS: Final = 160004
_THREADS: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


@dataclass(frozen=True)
class Imagine:
    """Takes on what is asked for. `hosts` and `max_bytes` bound the attachment, `extras_users` may send extras.

    `downloads` bounds how many pictures are held in memory at the same time.
    """

    catalogue: Catalogue
    queue: Accepting
    records: Recording
    session: aiohttp.ClientSession
    hosts: Collection[str]
    max_bytes: int
    extras_users: Collection[int] = frozenset()
    chance: random.Random = field(default_factory=random.SystemRandom)
    now: Callable[[], float] = time.time
    downloads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DOWNLOADS))

    async def __call__(
        self, interaction: discord.Interaction, *, image: discord.Attachment | None = None, **options: Any
    ) -> None:
        """Answer the command. What is unexpected is raised; `bot.client` logs it and tells the author."""
        try:
            request = self._request(interaction, image, options)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        if not await acknowledge(interaction):
            return
        try:
            await self._take_on(interaction, request, image)
        except Refused as refused:
            await take_back(interaction, refused.problems)

    def _request(
        self, interaction: discord.Interaction, image: discord.Attachment | None, options: dict[str, Any]
    ) -> Request:
        wrong: list[Problem] = []
        lacking = missing(interaction.app_permissions, in_thread=_in_thread(interaction))
        if lacking:
            wrong.append(problem("permissions_missing", permissions=", ".join(lacking)))
        if image is not None:
            wrong += attachments.problems_of(image.url, image.size, self._limit(interaction), self.hosts)
        try:
            options |= {"extras": self._extras(interaction, options.get("extras"))}
        except Refused as refused:
            wrong += refused.problems
            options |= {"extras": None}
        try:
            request = compose(self.catalogue, has_picture=image is not None, **options)
        except Refused as refused:
            raise Refused(*wrong, *refused.problems) from refused
        if wrong:
            raise Refused(*wrong)
        return request

    def _extras(self, interaction: discord.Interaction, written: str | None) -> dict[str, Any] | None:
        if written is None:
            return None
        if interaction.user.id not in self.extras_users:
            raise Refused(problem("extras_forbidden"))
        return parse_extras(written)

    def _limit(self, interaction: discord.Interaction) -> int:
        return min(self.max_bytes, interaction.filesize_limit)

    async def _take_on(
        self, interaction: discord.Interaction, request: Request, image: discord.Attachment | None
    ) -> None:
        job = await self._job(interaction, request)
        source = Source(image.url, image.size) if image else None
        try:
            fresh = await self.records.accepted(job, source)
        except Refused:
            await self._say_arrived(interaction, request)
            raise
        if not fresh:
            log.info("job %s: was accepted before", job.id)
            return
        try:
            await self._say_arrived(interaction, request)
            fresh = await self._queue(job, source, self._limit(interaction))
        except Refused as refused:
            await self.records.refused(job.id, refused.problems[0])
            raise
        except Exception:
            await self.records.refused(job.id, problem("internal"))
            raise
        if not fresh:
            log.info("job %s: was queued before", job.id)
            return
        log.info("job %s: accepted for %s", job.id, request.model)
        if not job.place.in_place and may_open_thread(interaction.app_permissions, _kind(interaction)):
            await self._open_thread(interaction.client, job)

    async def _queue(self, job: Job, source: Source | None, limit: int) -> bool:
        if source is None:
            sha256 = None
            fresh = await self.queue.accept(job, None)
        else:
            async with self.downloads:
                data, kind = await attachments.fetch(self.session, source.url, source.size, limit, self.hosts)
                log.info("job %s: fetched %d bytes of %s", job.id, len(data), kind.name)
                sha256 = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
                fresh = await self.queue.accept(job, data)
        await self.records.queued(job.id, sha256)
        return fresh

    async def _say_arrived(self, interaction: discord.Interaction, request: Request) -> None:
        """Turn the acknowledgement into the message that tells where the job stands.

        It comes before anything is refused: once "thinking" is deleted, Discord may take no followup.
        https://github.com/discord/discord-api-docs/issues/3087
        """
        phrases = phrases_for(interaction.locale.value)
        text = phrases.say("status.preparing_picture" if request.has_picture else "status.preparing_words")
        async with asyncio.timeout(_DEADLINE):
            await interaction.edit_original_response(content=text)

    async def _job(self, interaction: discord.Interaction, request: Request) -> Job:
        """Make the job, whose place is the acknowledgement: a message that says only that the bot is thinking."""
        async with asyncio.timeout(_DEADLINE):
            status = await interaction.original_response()
        user = interaction.user
        return Job(
            id=str(interaction.id),
            request=request,
            seed=draw_seed(request, self.catalogue.models[request.model], self.chance),
            requester=Requester(id=user.id, name=user.display_name, locale=interaction.locale.value),
            place=Place(
                guild=interaction.guild_id or 0,
                channel=interaction.channel_id or status.channel.id,
                message=status.id,
                in_place=_in_thread(interaction),
            ),
            accepted_at=self.now(),
        )

    async def _open_thread(self, client: discord.Client, job: Job) -> None:
        """Open the job's thread by the bot's own token. Without one, the answer finds another place."""
        place = job.place
        channel = client.get_partial_messageable(place.channel, guild_id=place.guild)
        try:
            async with asyncio.timeout(_DEADLINE):
                try:
                    await channel.get_partial_message(place.message).create_thread(name=thread_name(job.request))
                except discord.HTTPException as error:
                    if error.code != _THREAD_EXISTS:
                        raise
                await self.queue.opened(job.id, place.message)  # a thread under a message has the message's own id
                await self.records.opened(job.id, place.message)
        except Exception:  # the job is accepted; whatever happened here, its answer comes
            log.warning("job %s: its thread could not be opened or remembered", job.id, exc_info=True)


def _kind(interaction: discord.Interaction) -> discord.ChannelType | None:
    return interaction.channel.type if interaction.channel else None


def _in_thread(interaction: discord.Interaction) -> bool:
    return _kind(interaction) in _THREADS
