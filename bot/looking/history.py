"""`/history` and `/favourites`: past jobs in pages, each with a contact sheet; turned after a restart, too."""

import asyncio
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import discord
from discord import ui

from bot.interactions.answers import refuse
from bot.interactions.showing import Shown, present, turn
from bot.interactions.sight import channels_of
from bot.interactions.speaking import phrases_of
from bot.phrases import Phrases
from bot.ports import Found, Search, Searches, Searching
from bot.render.history import PAGE, SHEET, cells_of, choices_of, page_view, pages_of
from bot.render.text import escaped
from bot.sheets import contact_sheet
from bot.thumbnails import Thumbnailer
from bot.views import JobButton, JobSelect, Press, custom_id
from shared.catalogue import Catalogue
from shared.errors import Refused, problem

log = logging.getLogger(__name__)

FAVOURITES: Final = "0"  # in the place of a search's number
_LAST_PAGE: Final = 10_000
_WORDS: Final = 200
_DAY: Final = 86400.0


@dataclass(frozen=True)
class History:
    """Shows past jobs to the one who asks alone."""

    search: Searching
    searches: Searches
    thumbnails: Thumbnailer
    catalogue: Catalogue

    async def __call__(
        self,
        interaction: discord.Interaction,
        *,
        words: str | None = None,
        model: str | None = None,
        since: str | None = None,
        until: str | None = None,
        user: discord.abc.User | None = None,
        everyone: bool = False,
    ) -> None:
        try:
            wanted = Search(
                viewer=interaction.user.id,
                here=everyone or (user is not None and user.id != interaction.user.id),
                user=user.id if user else None,
                words=words or "",
                model=self._key(model) if model else None,
                since=_midnight(since) if since else None,
                until=_midnight(until) + _DAY if until else None,
            )
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        number = str(interaction.id)

        async def first() -> Shown:
            await self.searches.keep(number, wanted)
            return await self._page(interaction, wanted, 1, number)

        await present(interaction, first)

    async def favourites(self, interaction: discord.Interaction) -> None:
        """Show what the person marked, newest first."""
        starred = Search(interaction.user.id, starred=True)
        await present(interaction, lambda: self._page(interaction, starred, 1, FAVOURITES))

    async def turn(self, interaction: discord.Interaction, press: Press) -> None:
        """Show another page in the place of this one; `press.more` is its number, `press.job_id` the search's."""

        async def other() -> Shown:
            wanted = Search(interaction.user.id, starred=True)
            if press.job_id != FAVOURITES:
                kept = await self.searches.kept(press.job_id, interaction.user.id)
                if kept is None:
                    raise Refused(problem("search_gone"))
                wanted = kept
            number = int(press.more) if press.more.isdecimal() else 1
            return await self._page(interaction, wanted, min(max(1, number), _LAST_PAGE), press.job_id)

        await turn(interaction, other)

    async def _page(self, interaction: discord.Interaction, wanted: Search, number: int, search: str) -> Shown:
        phrases = phrases_of(interaction)
        found = await self.search.search(
            wanted,
            guild=interaction.guild_id,
            channels=channels_of(interaction),
            most=PAGE,
            skip=(number - 1) * PAGE,
        )
        if number > pages_of(found):  # some of it is gone since
            return await self._page(interaction, wanted, pages_of(found), search)
        files = [await self._sheet(found, phrases)] if found.pasts else []
        view = page_view(
            found,
            number,
            heading_of(wanted, phrases, self.catalogue),
            phrases,
            self.catalogue,
            viewer=interaction.user.id,
            rows=list(rows_of(found, number, search, phrases, self.catalogue)),
        )
        return Shown(view, files)

    async def _sheet(self, found: Found, phrases: Phrases) -> discord.File:
        pictures = await self.thumbnails.of(found.pasts)
        cells = cells_of(found, pictures, phrases, self.catalogue)
        sheet = await asyncio.to_thread(contact_sheet, cells)
        for place in sheet.broken:
            log.warning(
                "job %s: its thumbnail is broken; delete its row to have it made anew", found.pasts[place].job.id
            )
        return discord.File(io.BytesIO(sheet.jpeg), filename=SHEET)

    def _key(self, written: str) -> str:
        model = self.catalogue.find(written)
        if model is None:
            names = ", ".join(model.name for model in self.catalogue)
            raise Refused(problem("model_unknown", value=written[:100], models=names))
        return model.key


def rows_of(
    found: Found, number: int, search: str, phrases: Phrases, catalogue: Catalogue
) -> Iterator[ui.ActionRow[Any]]:
    """Give what opens one of a page, and what turns it."""
    if found.pasts:
        options = choices_of(found, catalogue)
        placeholder = phrases.say("history.choose")
        yield ui.ActionRow(
            JobSelect(ui.Select(custom_id="s:" + custom_id("show"), placeholder=placeholder, options=options))
        )
    turns = (("previous", number - 1), ("next", number + 1))
    buttons = [
        JobButton(ui.Button(label=phrases.say(f"history.{word}"), custom_id=custom_id("page", search, str(page))))
        for word, page in turns
        if 1 <= page <= pages_of(found)
    ]
    if buttons:
        yield ui.ActionRow(*buttons)


def heading_of(wanted: Search, phrases: Phrases, catalogue: Catalogue) -> str:
    """Say what was searched for."""
    model = catalogue.models.get(wanted.model or "")
    whose = "starred" if wanted.starred else "here" if wanted.here else "mine"
    parts = (
        phrases.say(f"history.{whose}"),
        f"<@{wanted.user}>" if wanted.here and wanted.user else "",
        phrases.say("language.quoted", words=escaped(wanted.words, _WORDS)) if wanted.words else "",
        model.name if model else "",
        "" if wanted.since is None else phrases.say("history.since", date=_day(wanted.since)),
        "" if wanted.until is None else phrases.say("history.until", date=_day(wanted.until - _DAY)),
    )
    return " · ".join(filter(None, parts))


def _midnight(written: str) -> float:
    """Read a day as the Unix seconds when it begins, in UTC. Raises `Refused` (not_a_date)."""
    try:
        return datetime.combine(date.fromisoformat(written.strip()), time(), UTC).timestamp()
    except (ValueError, OverflowError):
        raise Refused(problem("not_a_date", value=written[:40])) from None


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
