"""`/export`: one's own history as zips within the upload limit, each with a manifest of what is in it.

The jobs are gone through newest first, with one picture and one zip in memory; a zip that is full is sent, and the next
begun. What does not fit into the zips or the time of one go is had by the button under the last word.
"""

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

import discord
from discord import ui

from bot.interactions.answers import acknowledge, outdated, refuse, written
from bot.interactions.showing import UPLOAD_SECONDS
from bot.interactions.speaking import phrases_of
from bot.letters import stem
from bot.looking.part import Part
from bot.phrases import Phrases
from bot.ports import Past, Search, Searching
from bot.render.manifest import entry_of
from bot.thumbnails import Pictures
from bot.upload import WHOLE_REQUEST
from bot.views import Press
from bot.views.rows import button
from shared.errors import Refused, problem
from shared.pictures import sniff

PARTS: Final = 10
SECONDS: Final = 600.0  # of the 900 in which Discord takes followups
AT_ONCE: Final = 2
PICTURE_SECONDS: Final = 30.0
_MORE: Final = re.compile(r"(\d{1,12})-(\d{1,9})", re.ASCII)
_STEP: Final = 50


@dataclass
class Going:
    """How far one export has come; `skip` jobs are behind it."""

    skip: int
    parts: int = 0
    jobs: int = 0
    pictures: int = 0
    left: int = 0


@dataclass(frozen=True)
class Export:
    """Sends a person what they made, to them alone; one export of a person at a time, and `AT_ONCE` in all.

    `parts` and `seconds` bound what one go sends, and how long it takes.
    """

    search: Searching
    pictures: Pictures
    parts: int = PARTS
    seconds: float = SECONDS
    now: Callable[[], float] = time.time
    busy: set[int] = field(default_factory=set)

    async def __call__(self, interaction: discord.Interaction) -> None:
        await self._alone(interaction, until=int(self.now()) + 1, skip=0)

    async def older(self, interaction: discord.Interaction, press: Press) -> None:
        """Go on where an export of before ended: `press.more` is when that was asked for, and how many it had."""
        found = _MORE.fullmatch(press.more)
        if found is None:
            await outdated(interaction)
        else:
            await self._alone(interaction, until=int(found[1]), skip=int(found[2]))

    async def _alone(self, interaction: discord.Interaction, *, until: int, skip: int) -> None:
        user = interaction.user.id
        if user in self.busy or len(self.busy) >= AT_ONCE:
            await refuse(interaction, [problem("export_running" if user in self.busy else "export_busy")])
            return
        self.busy.add(user)
        try:
            if await acknowledge(interaction, private=True):
                await self._export(interaction, until, Going(skip))
        finally:
            self.busy.discard(user)

    async def _export(self, interaction: discord.Interaction, until: int, going: Going) -> None:
        phrases = phrases_of(interaction)
        await interaction.edit_original_response(content=phrases.say("export.going"))
        try:
            async for part in self._filled(interaction, until, going):
                going.parts += 1
                name = f"pentimento-{going.skip}.zip"
                async with asyncio.timeout(UPLOAD_SECONDS):
                    await interaction.followup.send(
                        file=discord.File(io.BytesIO(part), filename=name), ephemeral=True, wait=True
                    )
        except Refused as refused:
            await interaction.edit_original_response(content=written(interaction, refused.problems))
            return
        await interaction.edit_original_response(content=_told(going, phrases), view=_older(until, going, phrases))

    async def _filled(self, interaction: discord.Interaction, until: int, going: Going) -> AsyncIterator[bytes]:
        """Give the zips of one go, each when it is full."""
        limit, ends = min(interaction.filesize_limit, WHOLE_REQUEST), time.monotonic() + self.seconds
        part = Part(limit)
        async for past in self._mine(interaction.user.id, until, going):
            picture, why = await self._picture(past, limit)
            kind = sniff(picture[:512]) if picture else None
            file = f"{stem(past.job.id, past.seed)}.{kind.extension}" if kind else None
            entry = entry_of(past, file, why)
            if not part.takes(entry, picture):
                yield part.whole()
                part = Part(limit)
                if going.parts >= self.parts:
                    return
            part.add(entry, picture)
            going.skip, going.jobs, going.left = going.skip + 1, going.jobs + 1, going.left - 1
            going.pictures += picture is not None
            if time.monotonic() > ends:
                break
        if not part.empty:
            yield part.whole()

    async def _mine(self, user: int, until: int, going: Going) -> AsyncIterator[Past]:
        wanted, skip = Search(user, until=until), going.skip
        while True:
            found = await self.search.search(wanted, guild=None, channels=(), most=_STEP, skip=skip)
            going.left = found.count - skip
            for past in found.pasts:
                yield past
            skip += _STEP
            if skip >= found.count:
                return

    async def _picture(self, past: Past, limit: int) -> tuple[bytes | None, str | None]:
        """Give a job's picture, or why there is none."""
        if past.kind != "generated":
            return None, past.kind
        try:
            async with asyncio.timeout(PICTURE_SECONDS):
                picture = await self.pictures.of(past)
        except (Refused, TimeoutError):
            return None, "unreachable"
        if picture is None or sniff(picture[:512]) is None:
            return None, "deleted" if past.deleted else "gone"
        if not Part(limit).takes(entry_of(past, "", None), picture):
            return None, "too large"
        return picture, None


def _told(going: Going, phrases: Phrases) -> str:
    """Say what was sent, and what was not."""
    if not going.jobs:
        return phrases.say("export.nothing")
    said = [phrases.say("export.sent", count=going.jobs, pictures=going.pictures)]
    if going.jobs > going.pictures:
        said.append(phrases.say("export.without", count=going.jobs - going.pictures))
    if going.left > 0:
        said.append(phrases.say("export.left", count=going.left))
    return "\n".join(said)


def _older(until: int, going: Going, phrases: Phrases) -> ui.View | None:
    """Give what goes on with the older ones, where there are any."""
    if going.left <= 0:
        return None
    view = ui.View(timeout=None)
    view.add_item(button("export", "0", phrases, more=f"{until}-{going.skip}", label=phrases.say("export.older")))
    return view
