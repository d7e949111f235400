"""Taking on a request, whoever asks: a command, a button or a form.

What is wrong with the request is told before anything slow and before anything is queued. Then the interaction is
acknowledged in public, the job written down, its arrival said while the picture is fetched, the job queued, its thread
opened; `bot.board` tells the rest. What is written down and never queued, because the bot died, is `bot.reconcile`'s;
so no message says that a request arrived which nobody would remember.
"""

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import aiohttp
import discord
from discord import ui

from bot import attachments
from bot.interactions.answers import acknowledge, answer_id, refuse, take_back
from bot.interactions.permissions import may_open_thread, missing
from bot.interactions.speaking import known_preferences_of, phrases_of, preferences_of
from bot.ports import Accepting, Kept, Recording, Source, Unheard
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
        preset: Mapping[str, Any] = MappingProxyType({}),
    ) -> Request:
        """Build the request from what was written, and what was left out from a preset, then as the person prefers.

        Raises `Refused` with `wrong` and with all else that is wrong.
        """
        found = [*self.wrong(interaction, source), *wrong]
        try:
            preferred = (preset, preferences_of(interaction).options)
            request = compose_preferring(self.catalogue, *preferred, has_picture=source is not None, **options)
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
        try:
            self.check(interaction, source, request)
            private = _private(interaction)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        if not await acknowledge(interaction, private=private):
            return
        place: Place | None = None
        try:
            place = await (self._direct_status(interaction) if private else self._place(interaction))
            job = self._job(interaction, str(interaction.id), request, place, seed, parent=parent, start=start)
            refusals = await self._take_on(interaction, [job], source, partial(self._say_arrived, interaction, job))
        except Refused as refused:
            refusals = {str(interaction.id): refused.problems}
        except Exception:
            await self._clear_away(interaction.client, place if private else None)
            raise
        if refusals:
            await self._clear_away(interaction.client, place if private else None)
        for problems in refusals.values():
            await take_back(interaction, problems)

    async def take_many(
        self,
        interaction: discord.Interaction,
        requests: Mapping[str, Request],
        source: Source | Kept | None,
        place: Place,
        *,
        parent: str | None = None,
        start: Start | None = None,
    ) -> Mapping[str, Sequence[Problem]]:
        """Take on these requests, by their jobs' ids, for whom a message stands at `place` already.

        Who wants a ping gets one for all of them, with the last. Tells why some were refused, by the same ids. Raises
        `Refused` where none could be taken on.
        """
        *jobs, last = (
            self._job(interaction, job_id, request, place, None, parent=parent, start=start)
            for job_id, request in requests.items()
        )
        quiet = last.requester.model_copy(update={"pings": False})
        jobs = [*(job.model_copy(update={"requester": quiet}) for job in jobs), last]
        return await self._take_on(interaction, jobs, source, _nothing)

    async def post(self, interaction: discord.Interaction, nonce: str, view: ui.LayoutView) -> Place:
        """Begin a message where this was asked for, or in private where its asker prefers that. Raises `Refused`.

        Posted again with the same `nonce` within some minutes, it is the same message.
        """
        if _private(interaction):
            return await self._direct(interaction, nonce=nonce, view=view)
        channel = interaction.client.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        async with asyncio.timeout(_DEADLINE):
            posted = await channel.send(nonce=nonce, view=view)
        return Place(
            guild=interaction.guild_id or 0, channel=channel.id, message=posted.id, in_place=in_thread(interaction)
        )

    def check(self, interaction: discord.Interaction, source: Source | Kept | None, *requests: Request) -> None:
        """Raise `Refused` with all that forbids taking on these requests here."""
        wrong = self.wrong(interaction, source)
        for request in requests:
            wrong += (found for found in self._wrong_with(request, interaction.user.id) if found not in wrong)
        if wrong:
            raise Refused(*wrong)

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

    async def _take_on(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        source: Source | Kept | None,
        say_arrived: Callable[[], Awaitable[None]],
    ) -> Mapping[str, Sequence[Problem]]:
        """Write all down, say so while the picture is fetched, queue each. Tells why some were refused, by id.

        Once the queue's answer does not come, the rest stays written down as queued: `bot.reconcile` finds out.
        """
        try:
            fresh = await self._write_down(jobs, source)
        except Refused:
            await say_arrived()
            raise
        if not fresh:
            return {}
        refusals: dict[str, Sequence[Problem]] = {}
        waiting = {job.id: job for job in fresh}
        saying, heard = asyncio.ensure_future(say_arrived()), True
        try:
            async with self._at_hand(fresh[0].id, source, self._limit(interaction), saying) as picture:
                for job in fresh:
                    try:
                        heard = heard and await self._queue(job, picture)
                        await self.records.queued(job.id, picture.sha256 if picture else None)
                    except Refused as refused:
                        refusals[job.id] = refused.problems
                        await self.records.refused(job.id, refused.problems[0])
                    del waiting[job.id]
            if not heard:
                await _say_unheard(interaction)
        except Exception as error:
            why = error.problems[0] if isinstance(error, Refused) else problem("internal")
            for job_id in waiting:
                await self.records.refused(job_id, why)
            raise
        taken = [job for job in fresh if job.id not in refusals]
        opens = may_open_thread(interaction.app_permissions, _kind(interaction))
        if taken and opens and not taken[0].place.in_place:
            await self._open_thread(interaction.client, taken)
        return refusals

    async def _write_down(self, jobs: Sequence[Job], source: Source | Kept | None) -> Sequence[Job]:
        """Write all of them into the records, or none; those that are there already are left out. Raises `Refused`."""
        fresh: list[Job] = []
        for job in jobs:
            try:
                if await self.records.accepted(job, source):
                    fresh.append(job)
                else:
                    log.info("job %s: was accepted before", job.id)
            except Refused as refused:
                for written in fresh:
                    await self.records.refused(written.id, refused.problems[0])
                raise
        return fresh

    @asynccontextmanager
    async def _at_hand(
        self, job_id: str, source: Source | Kept | None, limit: int, saying: Awaitable[None]
    ) -> AsyncIterator[Kept | None]:
        """Hold the picture in memory, fetched once while it is said that it is. Raises `Refused` when it was said."""
        async with AsyncExitStack() as held:
            try:
                picture = await self._fetched(job_id, source, limit, held) if isinstance(source, Source) else source
            finally:
                await saying
            yield picture

    async def _fetched(self, job_id: str, source: Source, limit: int, held: AsyncExitStack) -> Kept:
        await held.enter_async_context(self.downloads)
        data, kind = await attachments.fetch(self.session, source.url, source.size, limit, self.hosts)
        log.info("job %s: fetched %d bytes of %s", job_id, len(data), kind.name)
        return Kept((await asyncio.to_thread(hashlib.sha256, data)).hexdigest(), data)

    async def _queue(self, job: Job, picture: Kept | None) -> bool:
        """Queue a job. False when nobody knows whether it was. Raises `Refused`."""
        try:
            fresh = await self.queue.accept(job, picture.data if picture else None)
        except Unheard:
            return False
        log.info("job %s: %s for %s", job.id, "accepted" if fresh else "was queued before", job.request.model)
        return True

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
            message = await answer_id(interaction)
        return Place(
            guild=interaction.guild_id or 0,
            channel=interaction.channel_id or 0,
            message=message,
            in_place=in_thread(interaction) or interaction.guild_id is None,
            direct=interaction.guild_id is None,
        )

    async def _direct_status(self, interaction: discord.Interaction) -> Place:
        """Begin a status message in the asker's direct messages. Raises `Refused` where they are closed.

        Nothing is written down yet, so it promises nothing; `bot.board` makes it say where the job stands.
        """
        text, nonce = phrases_of(interaction).say("status.beginning"), f"s-{interaction.id}"  # the answer's is the id
        try:
            # silent: the answer is what the person waits to be called for
            return await self._direct(interaction, content=text, nonce=nonce, silent=True)
        except Refused:
            await interaction.edit_original_response(content=text)
            raise

    async def _direct(self, interaction: discord.Interaction, **message: Any) -> Place:
        try:
            async with asyncio.timeout(_DEADLINE):
                status = await interaction.user.send(**message)
        except discord.Forbidden as error:
            raise Refused(problem("direct_closed")) from error
        channel = status.channel.id
        return Place(guild=interaction.guild_id or 0, channel=channel, message=status.id, in_place=True, direct=True)

    async def _clear_away(self, client: discord.Client, place: Place | None) -> None:
        """Delete the status message in the direct messages, if any: what it was about is not taken on."""
        if place is None:
            return
        try:
            async with asyncio.timeout(_DEADLINE):
                await client.get_partial_messageable(place.channel).get_partial_message(place.message).delete()
        except Exception:  # who asked is told all the same
            log.warning("status message %d: not deleted", place.message, exc_info=True)

    def _job(
        self,
        interaction: discord.Interaction,
        job_id: str,
        request: Request,
        place: Place,
        seed: int | None,
        **origin: Any,
    ) -> Job:
        return Job(
            id=job_id,
            request=request,
            seed=seed or draw_seed(request, self.catalogue.models[request.model], self.chance),
            requester=requester_of(interaction),
            place=place,
            accepted_at=self.now(),
            **origin,
        )

    async def _open_thread(self, client: discord.Client, jobs: Sequence[Job]) -> None:
        """Open the thread of jobs of one place by the bot's own token. Without one, the answers find another place."""
        first, *_ = jobs
        place = first.place
        channel = client.get_partial_messageable(place.channel, guild_id=place.guild)
        try:
            async with asyncio.timeout(_DEADLINE):
                try:
                    await channel.get_partial_message(place.message).create_thread(name=thread_name(first.request))
                except discord.HTTPException as error:
                    if error.code != _THREAD_EXISTS:
                        raise
                for job in jobs:
                    await self.queue.opened(job.id, place.message)  # a thread under a message has the message's own id
        except Exception:  # the job is accepted; whatever happened here, its answer comes
            log.warning("job %s: its thread could not be opened or remembered", first.id, exc_info=True)

    def _limit(self, interaction: discord.Interaction) -> int:
        return min(self.max_bytes, interaction.filesize_limit)


def _kind(interaction: discord.Interaction) -> discord.ChannelType | None:
    return interaction.channel.type if interaction.channel else None


def _private(interaction: discord.Interaction) -> bool:
    """Tell whether the answer goes to direct messages from elsewhere. Raises `Refused` where nobody knows."""
    return known_preferences_of(interaction).private and interaction.guild_id is not None


async def _say_unheard(interaction: discord.Interaction) -> None:
    """Tell who asked, and nobody else, that the request waits for the queue itself."""
    try:
        async with asyncio.timeout(_DEADLINE):
            await interaction.followup.send(phrases_of(interaction).say("status.unheard"), ephemeral=True)
    except Exception:  # it is no ending: that comes
        log.warning("interaction %s: could not be told that it waits", interaction.id, exc_info=True)


async def _nothing() -> None:
    """Say nothing: the message that the requests arrived stands there."""


def requester_of(interaction: discord.Interaction) -> Requester:
    """Tell who asks, and how they are spoken to."""
    user, preferences = interaction.user, preferences_of(interaction)
    return Requester(
        id=user.id,
        name=user.display_name,
        locale=preferences.language or interaction.locale.value,
        pings=preferences.pings,
    )


def in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether the interaction comes from inside a thread."""
    return _kind(interaction) in _THREADS
