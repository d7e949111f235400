"""`/show`: brings a past answer back, from where it was told, from what is kept, or in words."""

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.app_commands import Choice

from bot.interactions.showing import Shown, present
from bot.interactions.sight import may_see
from bot.interactions.speaking import phrases_of
from bot.letters import with_picture
from bot.phrases import Phrases
from bot.ports import Past, Remembering, Search, Searching, State, Watching
from bot.render import failed_view, filtered_view
from bot.render.answers import ended_view, gone_view
from bot.render.history import named
from bot.render.queue import queue_view
from bot.thumbnails import Pictures
from bot.upload import WHOLE_REQUEST
from bot.views import Press, notice_rows
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.outcome import Failed, Filtered

CHOICES: Final = 25
_ID: Final = re.compile(r"\d{15,20}(?:-\d\d)?", re.ASCII)


@dataclass(frozen=True)
class Show:
    """Shows an answer again: to the one who asks, or to everyone where it is their own and they want that."""

    search: Searching
    library: Remembering
    queue: Watching
    pictures: Pictures
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction, *, job: str, public: bool = False) -> None:
        async def shown() -> Shown:
            return await self._shown(interaction, await self._find(interaction, job, public=public))

        await present(interaction, shown, private=not public)

    async def chosen(self, interaction: discord.Interaction, press: Press) -> None:
        """Show what was chosen in the select under a page."""
        await self(interaction, job=next(iter(press.values), press.job_id))

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Offer the person's own newest answers whose prompts hold what is being typed."""
        phrases = phrases_of(interaction)
        try:
            found = await self._mine(interaction, typed, CHOICES)
        except Refused:
            return []
        now = time.time()
        return [Choice(name=named(past, self.catalogue, phrases, now), value=past.job.id) for past in found]

    async def _find(self, interaction: discord.Interaction, written: str, *, public: bool) -> Past:
        """Find the job of this id, or the newest of one's own with these words, if it may be seen. Raises `Refused`."""
        written = written.strip()
        if _ID.fullmatch(written):
            past = await self.library.past(written)
        else:
            past = next(iter(await self._mine(interaction, written, 1)), None)
        if past is None or not may_see(interaction, past):
            raise Refused(problem("show_unknown"))
        if public and past.job.requester.id != interaction.user.id:
            raise Refused(problem("show_not_yours"))
        return past

    async def _mine(self, interaction: discord.Interaction, words: str, most: int) -> list[Past]:
        wanted = Search(interaction.user.id, words=words)
        return list((await self.search.search(wanted, guild=None, channels=(), most=most)).pasts)

    async def _shown(self, interaction: discord.Interaction, past: Past) -> Shown:
        phrases = phrases_of(interaction)
        if past.kind != "generated":
            return Shown(await self._without_picture(past, phrases))
        picture = await self.pictures.of(past)
        if picture is None:
            model = self.catalogue.models.get(past.job.request.model)
            return Shown(gone_view(past.job, past, model, phrases, rows=self._rows(past, phrases)))
        seconds = past.finished_at - past.job.accepted_at
        limit = min(interaction.filesize_limit, WHOLE_REQUEST)
        letter = await with_picture(
            past.job, past, picture, phrases, catalogue=self.catalogue, limit=limit, seconds=seconds
        )
        return Shown(letter["view"], letter.get("files", ()))

    async def _without_picture(self, past: Past, phrases: Phrases) -> discord.ui.LayoutView:
        rows = self._rows(past, phrases)
        for standing in await self.queue.standings([past.job.id]):
            if standing.state is not State.DELIVERED:
                return queue_view([standing], None, self.catalogue, phrases, {})
            match standing.outcome:
                case Filtered():
                    return filtered_view(past.job, standing.outcome, phrases, rows=rows)
                case Failed():
                    return failed_view(past.job, standing.outcome, phrases, rows=rows)
        if past.kind is None:
            raise Refused(problem("show_nothing"))
        link = past.told.link(past.job.place.guild) if past.told else None
        return ended_view(past.job, past.without_picture, link, phrases, rows=rows)

    def _rows(self, past: Past, phrases: Phrases) -> list[discord.ui.ActionRow[Any]]:
        return notice_rows(past.job.id, past.job.request, self.catalogue, phrases, deleted=past.deleted)
