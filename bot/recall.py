"""What was made before, by a job's id or by a picture: from the records, the queue, or the words in the PNG itself."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from bot.ports import Kept, Past, Recipe, Remembering, Source, Watching
from bot.views.press import custom_id, read
from shared.errors import Refused, problem
from shared.job import Job
from shared.outcome import Generated
from shared.pictures import png_text
from shared.request import Request

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recall:
    """Looks back. `fetch` downloads a picture and raises `Refused`, as all else here does."""

    library: Remembering
    queue: Watching
    fetch: Callable[[Source], Awaitable[bytes]]

    async def recipe(self, interaction: discord.Interaction, job_id: str) -> Recipe:
        """Tell how a job's picture was made; of a job that nobody remembers, the picture in front of the person tells.

        Raises `Refused`: job_unknown, which a job of another guild is, too.
        """
        past = await self.known(job_id)
        if past is not None:
            _of_here(past.job, interaction)
            return recipe_of(past)
        for standing in await self.queue.standings([job_id]):
            _of_here(standing.job, interaction)
            return _recipe(standing.job, standing.outcome.seed if isinstance(standing.outcome, Generated) else None)
        async for message in _in_front(interaction):
            async for found, _ in self.written_on(message):
                if found.job_id == job_id:
                    return found
        raise Refused(problem("job_unknown"))

    async def written_on(self, message: discord.Message | None) -> AsyncIterator[tuple[Recipe, Source]]:
        """Read the words in a message's pictures, one after the other, as `written_in` does. Raises `Refused`."""
        for source in pictures_in(message):
            found = await asyncio.to_thread(written_in, await self.fetch(source))
            if found is not None:
                yield found, source

    async def known(self, job_id: str) -> Past | None:
        """Give the record of a job; None where there is none, or none can be read. It may be of another guild."""
        try:
            return await self.library.past(job_id)
        except Refused:
            return None

    async def parent(self, interaction: discord.Interaction, past: Past) -> str | None:
        """Give the address of the answer that a job goes on from, where that is told here and not deleted."""
        found = await self.known(past.job.parent) if past.job.parent else None
        if found is None or found.told is None or found.deleted or not is_of_here(found.job, interaction):
            return None
        return found.told.link(found.job.place.guild)

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

    async def answers(self, interaction: discord.Interaction, job_id: str) -> AsyncIterator[discord.Message]:
        """Find the messages that show a job's end: in front of the person, which may be a copy, and where it was told.

        Raises `Refused`: discord_away, and job_unknown for a job of another guild.
        """
        found = None
        async for message in _in_front(interaction):
            if job_of(message, interaction.client) == job_id:
                found = message
                yield message
        past = await self.known(job_id)
        if past is not None:
            _of_here(past.job, interaction)
            told = await posted(interaction.client, past)
            if told is not None and told != found:
                yield told

    async def result(self, interaction: discord.Interaction, job_id: str) -> Source:
        """Find a job's picture in the first of `answers`. Raises `Refused` (result_gone)."""
        async for message in self.answers(interaction, job_id):
            for source in pictures_in(message):
                return source
        raise Refused(problem("result_gone"))


async def posted(client: discord.Client, past: Past) -> discord.Message | None:
    """Fetch the message that told a job's end; None when it is gone or cannot be read. Raises `Refused`."""
    told = past.told
    if told is None or told.message is None:
        return None
    return await _fetched(client, told.channel, told.message, past.job.place.guild or None)


def pictures_in(message: discord.Message | None) -> Iterator[Source]:
    """List the pictures that a message shows: attached, or in galleries of its components."""
    if message is None:
        return
    for attachment in message.attachments:
        if (attachment.content_type or "image/").startswith("image/"):
            yield Source(attachment.url, attachment.size, attachment.filename)
    for component in _inside(message.components):
        for item in getattr(component, "items", ()):
            yield Source(item.media.url, None, item.media.url.partition("?")[0].rpartition("/")[2])


def job_of(message: discord.Message, client: discord.Client) -> str | None:
    """Tell of which job this message of ours is the answer, by the button that deletes it; None when it is of none."""
    if client.user is None or message.author.id != client.user.id:
        return None
    pressed = (read(str(getattr(component, "custom_id", ""))) for component in _inside(message.components))
    return next((press.job_id for press in pressed if press is not None and press.verb == "delete"), None)


def written_in(data: bytes) -> Recipe | None:
    """Read how a picture was made from the words in its PNG; None where there are none of ours.

    What stands there may have been written by anyone, so it is a request like any other and no proof of anything.
    """
    try:
        made = json.loads(png_text(data)["pentimento"])
        seed = made["seed"]
        request = Request.model_validate_json(Request.model_validate(made["request"]).model_dump_json())
        job = read(custom_id("details", str(made["job"])))
        return Recipe(job.job_id, request, None if seed is None else int(seed)) if job else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def recipe_of(past: Past) -> Recipe:
    """Tell how a past job's picture was made."""
    return _recipe(past.job, past.seed, past.source)


def _recipe(job: Job, seed: int | None, source: str | None = None) -> Recipe:
    return Recipe(job.id, job.request, job.seed if seed is None else seed, job.requester.id, source)


def is_of_here(job: Job, interaction: discord.Interaction) -> bool:
    """Tell whether a job is of this guild; where it was or is about direct messages, whether it is this person's."""
    if job.place.direct or interaction.guild_id is None:
        return job.requester.id == interaction.user.id
    return job.place.guild == interaction.guild_id


def _of_here(job: Job, interaction: discord.Interaction) -> None:
    """Raise `Refused` for a job of elsewhere."""
    if not is_of_here(job, interaction):
        log.warning("job %s: asked for from elsewhere by %s", job.id, interaction.user.id)
        raise Refused(problem("job_unknown"))


async def _in_front(interaction: discord.Interaction) -> AsyncIterator[discord.Message]:
    """Give the message that was used; of a private answer, then the message which that was an answer to."""
    message = interaction.message
    if message is None:
        return
    yield message
    used = message.interaction_metadata
    behind = used and (used.interacted_message_id or used.target_message_id)
    if behind and interaction.channel_id:
        found = await _fetched(interaction.client, interaction.channel_id, behind, interaction.guild_id)
        if found is not None:
            yield found


async def _fetched(client: discord.Client, channel: int, message: int, guild: int | None) -> discord.Message | None:
    """Fetch a message; None when it is gone or cannot be read. Raises `Refused` (discord_away)."""
    try:
        return await client.get_partial_messageable(channel, guild_id=guild).fetch_message(message)
    except (discord.NotFound, discord.Forbidden):
        return None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("message %d cannot be fetched (%r)", message, error)
        raise Refused(problem("discord_away")) from error


def _inside(components: Iterable[Any]) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _inside(getattr(component, "children", ()))
