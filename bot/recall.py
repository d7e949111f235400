"""What was made before, by a job's id or by a picture: from the records, the queue, or the words in the PNG itself."""

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import discord

from bot.ports import Kept, Past, Recipe, Remembering, Source, State, Watching
from shared.errors import Refused, problem
from shared.job import Job
from shared.outcome import Generated
from shared.pictures import png_text
from shared.request import Request

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recall:
    """Looks back. `fetch` downloads a picture and raises `Refused`."""

    library: Remembering
    queue: Watching
    fetch: Callable[[Source], Awaitable[bytes]]

    async def recipe(self, interaction: discord.Interaction, job_id: str) -> Recipe:
        """Tell how a job's picture was made; of a job that nobody remembers, the picture in front of the person tells.

        Raises `Refused`: job_unknown, which a job of another guild is, too.
        """
        try:
            past = await self.library.past(job_id)
        except Refused:
            past = None
        if past is not None:
            _of_here(past.job, interaction)
            return recipe_of(past)
        for standing in await self.queue.standings([job_id]):
            _of_here(standing.job, interaction)
            return _recipe(standing.job, standing.outcome.seed if isinstance(standing.outcome, Generated) else None)
        for source in pictures_in(interaction.message):
            found = written_in(await self.fetch(source))
            if found is not None and found.job_id == job_id:
                return found
        raise Refused(problem("job_unknown"))

    async def original(self, recipe: Recipe) -> Kept | None:
        """Give the picture that a job started from; None when it started from words. Raises `Refused` (source_gone)."""
        if not recipe.request.has_picture:
            return None
        kept = await self.library.source(recipe.source) if recipe.source else None
        if kept is None and recipe.source and (data := await self.queue.prepared(recipe.job_id)):
            kept = Kept(recipe.source, data)  # its answer is being told just now
        if kept is None:
            raise Refused(problem("source_gone"))
        return kept

    async def result(self, interaction: discord.Interaction, job_id: str) -> Source:
        """Find a job's picture: in the message in front of the person, or where it was told. Raises `Refused`."""
        for source in pictures_in(interaction.message):
            if f"-{job_id}-" in source.name:
                return source
        past = await self.library.past(job_id)
        if past is None:
            raise Refused(problem("job_unknown"))
        _of_here(past.job, interaction)
        for source in pictures_in(await posted(interaction.client, past)):
            return source
        raise Refused(problem("result_gone"))

    async def running(self, job_id: str) -> bool:
        """Tell whether the job is accepted and its end not told yet."""
        return any(standing.state is not State.DELIVERED for standing in await self.queue.standings([job_id]))


async def posted(client: discord.Client, past: Past) -> discord.Message | None:
    """Fetch the message that told a job's end; None when it is gone or cannot be read."""
    told = past.told
    if told is None or told.message is None:
        return None
    try:
        channel = client.get_partial_messageable(told.channel, guild_id=past.job.place.guild or None)
        return await channel.fetch_message(told.message)
    except (discord.NotFound, discord.Forbidden):
        return None


def pictures_in(message: discord.Message | None) -> Iterator[Source]:
    """List the pictures that a message shows: attached, or in galleries of its components."""
    if message is None:
        return
    for attachment in message.attachments:
        yield Source(attachment.url, attachment.size, attachment.filename)
    for component in message.components:
        yield from _media(component)


def written_in(data: bytes) -> Recipe | None:
    """Read how a picture was made from the words in its PNG; None where there are none of ours.

    What stands there may have been written by anyone, so it is a request like any other and no proof of anything.
    """
    try:
        made = json.loads(png_text(data)["pentimento"])
        seed = made["seed"]
        return Recipe(str(made["job"]), Request.model_validate(made["request"]), None if seed is None else int(seed))
    except (ValueError, KeyError, TypeError):
        return None


def recipe_of(past: Past) -> Recipe:
    """Tell how a past job's picture was made."""
    return _recipe(past.job, past.seed, past.source)


def _recipe(job: Job, seed: int | None, source: str | None = None) -> Recipe:
    return Recipe(job.id, job.request, job.seed if seed is None else seed, job.requester.id, source)


def _of_here(job: Job, interaction: discord.Interaction) -> None:
    """Raise `Refused` for a job of another guild, or of another person's direct messages."""
    here = job.requester.id == interaction.user.id if job.place.direct else job.place.guild == interaction.guild_id
    if not here:
        log.warning("job %s: asked for from elsewhere by %s", job.id, interaction.user.id)
        raise Refused(problem("job_unknown"))


def _media(component: Any) -> Iterator[Source]:
    for item in getattr(component, "items", ()):
        yield Source(item.media.url, None, item.media.url.partition("?")[0].rpartition("/")[2])
    for inner in getattr(component, "children", ()):
        yield from _media(inner)
