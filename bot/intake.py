"""Taking on a request, whoever asks: a command, a button or a form.

What is wrong with the request is told before anything slow and before anything is queued. Then the interaction is
acknowledged in public, the job written down, its arrival said, the picture fetched, the job queued, its thread opened;
`bot.board` tells the rest. What is written down and never queued, because the bot died, is `bot.reconcile`'s; so no
message says that a request arrived which nobody would remember.
"""

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import discord

from bot import attachments
from bot.interactions.answers import acknowledge, refuse, take_back
from bot.interactions.permissions import may_open_thread, missing
from bot.interactions.speaking import phrases_of, preferences_of
from bot.ports import Accepting, Kept, Recording, Source
from bot.render import preparing_text, thread_name
from bot.views import with_cancel
from shared.catalogue import Catalogue
from shared.errors import Problem, Refused, problem
from shared.job import Job, Place, Requester, Start
from shared.request import Request, compose_preferring, draw_seed, parse_extras, problems_of

log = logging.getLogger(__name__)

DOWNLOADS: Final = 8
_DEADLINE: Final = 30.0  # discord.py repeats a 5xx for about 25 s
_THREAD_EXISTS: Final = 160004
_THREADS: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


@dataclass(frozen=True)
class Intake:
    """Takes on what is asked for. `hosts` and `max_bytes` bound the picture, `extras_users` may send extras.

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

    def wrong(self, interaction: discord.Interaction, source: Source | Kept | None) -> list[Problem]:
        """Everything that forbids taking on anything here, or this picture, by what Discord says of both."""
        found: list[Problem] = []
        if interaction.guild_id is not None:
            lacking = missing(interaction.app_permissions, in_thread=in_thread(interaction))
            if lacking:
                found.append(problem("permissions_missing", permissions=", ".join(lacking)))
        if isinstance(source, Source):
            found += attachments.problems_of(source.url, source.size, self._limit(interaction), self.hosts)
        return found

    def composed(
        self,
        interaction: discord.Interaction,
        source: Source | Kept | None,
        options: Mapping[str, Any],
        wrong: Sequence[Problem] = (),
    ) -> Request:
        """Build the request from what was written, and what was left out from what the person prefers.

        Raises `Refused` with `wrong` and with all else that is wrong.
        """
        found = [*self.wrong(interaction, source), *wrong]
        try:
            preferred = preferences_of(interaction).options
            request = compose_preferring(self.catalogue, preferred, has_picture=source is not None, **options)
        except Refused as refused:
            raise Refused(*found, *refused.problems) from refused
        if found:
            raise Refused(*found)
        return request

    async def take(
        self,
        interaction: discord.Interaction,
        request: Request,
        source: Source | Kept | None,
        *,
        parent: str | None = None,
        start: Start | None = None,
        seed: int | None = None,
    ) -> None:
        """Answer the interaction, which nobody answered yet, and take on its request.

        `parent` is the job that this one goes on from, `start` which picture of its thread it starts from without
        having come with one; `seed` is sent instead of one that is drawn. What is unexpected is raised; `bot.client`
        logs it and tells the author.
        """
        wrong = [*self.wrong(interaction, source), *self._wrong_with(request, interaction.user.id)]
        if wrong:
            await refuse(interaction, wrong)
            return
        private = preferences_of(interaction).private and interaction.guild_id is not None
        if not await acknowledge(interaction, private=private):
            return
        place: Place | None = None
        try:
            place = await (self._direct(interaction) if private else self._place(interaction))
            job = self._job(interaction, request, place, seed, parent=parent, start=start)
            await self._take_on(interaction, job, source)
        except Refused as refused:
            if private and place is not None:
                await self._clear_away(interaction.client, place)
            await take_back(interaction, refused.problems)

    def _wrong_with(self, request: Request, user: int) -> Iterator[Problem]:
        """Hold a request against today's table: it may come from an old job, or from a picture's words."""
        model = self.catalogue.models.get(request.model)
        if model is None:
            names = ", ".join(model.name for model in self.catalogue.offered)
            yield problem("model_unknown", value=request.model[:100], models=names)
        else:
            yield from problems_of(request, model, self.catalogue)
        if request.extras is not None:
            yield from self._wrong_with_extras(json.dumps(request.extras, ensure_ascii=False), user)

    def _wrong_with_extras(self, written: str, user: int) -> Iterator[Problem]:
        if user not in self.extras_users:
            yield problem("extras_forbidden")
            return
        try:
            parse_extras(written)
        except Refused as refused:
            yield from refused.problems

    async def _take_on(self, interaction: discord.Interaction, job: Job, source: Source | Kept | None) -> None:
        try:
            fresh = await self.records.accepted(job, source)
        except Refused:
            await self._say_arrived(interaction, job)
            raise
        if not fresh:
            log.info("job %s: was accepted before", job.id)
            return
        try:
            await self._say_arrived(interaction, job)
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
        log.info("job %s: accepted for %s", job.id, job.request.model)
        if not job.place.in_place and may_open_thread(interaction.app_permissions, _kind(interaction)):
            await self._open_thread(interaction.client, job)

    async def _queue(self, job: Job, source: Source | Kept | None, limit: int) -> bool:
        match source:
            case None:
                sha256 = None
                fresh = await self.queue.accept(job, None)
            case Kept():
                sha256 = source.sha256
                fresh = await self.queue.accept(job, source.data)
            case Source():
                async with self.downloads:
                    data, kind = await attachments.fetch(self.session, source.url, source.size, limit, self.hosts)
                    log.info("job %s: fetched %d bytes of %s", job.id, len(data), kind.name)
                    sha256 = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
                    fresh = await self.queue.accept(job, data)
        await self.records.queued(job.id, sha256)
        return fresh

    async def _say_arrived(self, interaction: discord.Interaction, job: Job) -> None:
        """Turn the acknowledgement into the message that tells where the job stands.

        It comes before anything is refused: once "thinking" is deleted, Discord may take no followup.
        https://github.com/discord/discord-api-docs/issues/3087
        """
        phrases = phrases_of(interaction)
        async with asyncio.timeout(_DEADLINE):
            if job.place.direct:
                where = f"https://discord.com/channels/@me/{job.place.channel}/{job.place.message}"
                await interaction.edit_original_response(content=phrases.say("status.direct", where=where))
            else:
                await interaction.edit_original_response(
                    content=preparing_text(job, phrases), view=with_cancel(job.id, phrases)
                )

    async def _place(self, interaction: discord.Interaction) -> Place:
        """Give the acknowledgement as the place: a message that says only that the bot is thinking."""
        async with asyncio.timeout(_DEADLINE):
            status = await interaction.original_response()
        return Place(
            guild=interaction.guild_id or 0,
            channel=interaction.channel_id or status.channel.id,
            message=status.id,
            in_place=in_thread(interaction) or interaction.guild_id is None,
            direct=interaction.guild_id is None,
        )

    async def _direct(self, interaction: discord.Interaction) -> Place:
        """Begin a status message in the asker's direct messages. Raises `Refused` where they are closed."""
        phrases = phrases_of(interaction)
        try:
            async with asyncio.timeout(_DEADLINE):
                status = await interaction.user.send(
                    phrases.say("status.preparing_words"),
                    view=with_cancel(str(interaction.id), phrases),
                    nonce=f"s-{interaction.id}",  # the job's id alone is the nonce of its answer
                )
        except discord.Forbidden as error:
            await interaction.edit_original_response(content=phrases.say("status.preparing_words"))
            raise Refused(problem("direct_closed")) from error
        channel = status.channel.id
        return Place(guild=interaction.guild_id or 0, channel=channel, message=status.id, in_place=True, direct=True)

    async def _clear_away(self, client: discord.Client, place: Place) -> None:
        """Delete the status message in the direct messages: what it was about is not taken on."""
        try:
            async with asyncio.timeout(_DEADLINE):
                await client.get_partial_messageable(place.channel).get_partial_message(place.message).delete()
        except Exception:  # who asked is told all the same
            log.warning("status message %d: not deleted", place.message, exc_info=True)

    def _job(
        self, interaction: discord.Interaction, request: Request, place: Place, seed: int | None, **origin: Any
    ) -> Job:
        user, preferences = interaction.user, preferences_of(interaction)
        return Job(
            id=str(interaction.id),
            request=request,
            seed=seed or draw_seed(request, self.catalogue.models[request.model], self.chance),
            requester=Requester(
                id=user.id,
                name=user.display_name,
                locale=preferences.language or interaction.locale.value,
                pings=preferences.pings,
            ),
            place=place,
            accepted_at=self.now(),
            **origin,
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

    def _limit(self, interaction: discord.Interaction) -> int:
        return min(self.max_bytes, interaction.filesize_limit)


def _kind(interaction: discord.Interaction) -> discord.ChannelType | None:
    return interaction.channel.type if interaction.channel else None


def in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether the interaction comes from inside a thread."""
    return _kind(interaction) in _THREADS
