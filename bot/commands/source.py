"""What the option `from` of `/imagine` means: a picture that stands in the thread already, or none."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.app_commands import Choice

from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.phrases import Phrases
from bot.ports import Kept, Past, Remembering, Source
from bot.recall import Recall, recipe_of
from bot.render.fields import picture_label
from shared.errors import Refused, problem
from shared.job import Start

log = logging.getLogger(__name__)

NONE: Final = "none"
LISTED: Final = 22  # of the 25 choices that Discord shows, three are words
_SHOWN: Final = 100


@dataclass(frozen=True)
class Found:
    """The picture to start from, the job that it belongs to, and which one it is."""

    picture: Source | Kept
    parent: str
    start: Start


@dataclass(frozen=True)
class Sources:
    """Finds pictures in the thread that a command is used in."""

    library: Remembering
    recall: Recall

    async def find(self, interaction: discord.Interaction, written: str | None) -> Found | None:
        """Find the picture meant: left out, the latest in a thread of ours, and none elsewhere. Raises `Refused`."""
        chosen = (written or "").strip().casefold() or (Start.LATEST if _ours(interaction) else NONE)
        if chosen == NONE:
            return None
        async with looking_up(interaction):
            found = await self._find(interaction, chosen)
        if found is None and written is not None:
            raise Refused(problem("nothing_here", field="source"))
        return found

    async def complete(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the words, and this thread's pictures with their prompts and seeds, newest first."""
        phrases, typed = phrases_of(interaction), current.strip().casefold()
        try:
            async with looking_up(interaction):
                pictures = await self.library.pictures(interaction.channel_id or 0, LISTED)
        except Refused:
            log.warning("the pictures of thread %s cannot be listed", interaction.channel_id, exc_info=True)
            pictures = []
        offered = [*_words(phrases, some=bool(pictures)), *_pictures(pictures, phrases)]
        return [one for one in offered if typed in f"{one.name}\n{one.value}".casefold()]

    async def _find(self, interaction: discord.Interaction, chosen: str) -> Found | None:
        thread = interaction.channel_id or 0
        match chosen:
            case Start.LATEST:
                past = await self.library.latest(thread)
                return None if past is None else await self._result(interaction, past, Start.LATEST)
            case Start.ORIGINAL:
                past = await self.library.first(thread)
                if past is None:
                    return None
                original = await self.recall.original(recipe_of(past))
                if original is not None:
                    return Found(original, past.job.id, Start.ORIGINAL)
                return await self._result(interaction, past, Start.ORIGINAL)
            case _:
                past = await self.library.past(chosen)
                if past is None or past.told is None or past.told.channel != thread:
                    raise Refused(problem("source_unknown", field="source", value=chosen[:_SHOWN]))
                return await self._result(interaction, past, Start.EARLIER)

    async def _result(self, interaction: discord.Interaction, past: Past, start: Start) -> Found:
        return Found(await self.recall.result(interaction, past.job.id), past.job.id, start)


def _ours(interaction: discord.Interaction) -> bool:
    """Tell whether this is a thread that the bot opened."""
    channel, me = interaction.channel, interaction.client.user
    return isinstance(channel, discord.Thread) and me is not None and channel.owner_id == me.id


def _words(phrases: Phrases, *, some: bool) -> Iterator[Choice[str]]:
    for word in (Start.LATEST, Start.ORIGINAL, NONE) if some else (NONE,):
        yield Choice(name=phrases.say(f"source.{word}"), value=str(word))


def _pictures(pictures: Sequence[Past], phrases: Phrases) -> Iterator[Choice[str]]:
    for past in pictures:
        yield Choice(name=picture_label(past.job, past.seed, phrases), value=past.job.id)
