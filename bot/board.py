"""The status messages under the commands, edited as their jobs move; `bot.exploring` edits those of explorations.

Edits share a budget of about one a second, a job's change of state goes before a mere countdown, and nothing is sent
when nothing changed. https://discord.com/developers/docs/topics/rate-limits
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord import ui

from bot.phrases import phrases_for
from bot.ports import Standing, State, Watching
from bot.render import status_text
from bot.views import with_cancel
from shared.catalogue import Catalogue
from shared.job import Place

log = logging.getLogger(__name__)

EDIT_SECONDS: Final = 10.0
COUNTDOWN_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 3600.0  # what is open is looked at in parts: longer than all of them take
LAST_WAITS: Final = (1.0, 3.0)


@dataclass(frozen=True)
class _Shown:
    """What a status message says since when, in the board's own clock; `gone` when it can no longer be edited."""

    state: State | None = None
    text: str = ""
    at: float = float("-inf")
    gone: bool = False


class Board:
    """Keeps the status message of every open job true. One board serves all of a process's messages.

    `period` is the pause between two rounds, in seconds; a message is edited once a round at most.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: Watching,
        catalogue: Catalogue,
        *,
        period: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._queue = queue
        self._catalogue = catalogue
        self._period = period
        self._clock = clock
        self._shown: dict[str, _Shown] = {}
        self._settled: set[int] | None = None
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(self) -> None:
        """Look and edit until cancelled. A failed round is logged, the next one starts afresh."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the status messages could not be brought up to date; the next round tries again")
            await asyncio.sleep(self._period)

    async def look(self) -> None:
        """One round: edit the status messages that say something else than they should, as far as the budget goes."""
        self._settled = set()
        standings = await self._queue.standings(await self._queue.open_jobs())
        kept = {job_id: shown for job_id, shown in self._shown.items() if self._clock() - shown.at < KEPT_SECONDS}
        self._shown = kept | {s.job.id: self._shown.get(s.job.id, _Shown()) for s in standings}
        budget = max(1, round(self._period))
        try:
            await asyncio.gather(*(self._update(standing) for standing in self._due(standings)[:budget]))
        finally:
            self._settled = None

    async def settle(self, place: Place, text: str) -> bool:
        """Make the last edit of a status message: after one on its way, and no round's edit follows it.

        True when the message now says so.
        """
        async with self._lock(place):
            if self._settled is not None:
                self._settled.add(place.message)
            for wait in (*LAST_WAITS, None):
                try:
                    await self._edit(place, text)
                except discord.HTTPException as error:
                    if not isinstance(error, discord.DiscordServerError) or wait is None:
                        log.info("status message %d: not edited a last time (%s)", place.message, error)
                        return False
                except (aiohttp.ClientError, OSError) as error:
                    if wait is None or isinstance(error, TimeoutError):  # discord.py waited for a limit meanwhile
                        log.warning("status message %d: not edited a last time (%r)", place.message, error)
                        return False
                else:
                    return True
                await asyncio.sleep(wait)
        return False

    def _due(self, standings: Sequence[Standing]) -> list[Standing]:
        """The jobs whose message is to be edited, changes of state first, then those edited longest ago."""
        now = self._clock()
        due = []
        for standing in standings:
            shown = self._shown[standing.job.id]
            moved = standing.state is not shown.state
            if shown.gone or standing.job.grid or standing.state in {State.FINISHED, State.DELIVERED}:
                continue
            if moved or (now - shown.at >= COUNTDOWN_SECONDS and self._text(standing) != shown.text):
                due.append((not moved, shown.at, standing))
        return [standing for _, _, standing in sorted(due, key=lambda row: row[:2])]

    async def _update(self, standing: Standing) -> None:
        place, text = standing.job.place, self._text(standing)
        before = self._shown[standing.job.id]
        async with self._lock(place):
            if self._settled is None or place.message in self._settled:
                return
            try:
                await self._edit(place, text, self._buttons(standing))
                after = _Shown(standing.state, text, self._clock())
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("status message %d: cannot be edited any more (%s)", place.message, error)
                after = _Shown(gone=True)
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("status message %d: not edited, a later round tries again (%r)", place.message, error)
                after = _Shown(before.state, before.text, self._clock())
        self._shown[standing.job.id] = after

    async def _edit(self, place: Place, text: str, view: ui.View | None = None) -> None:
        channel = self._client.get_partial_messageable(place.channel, guild_id=place.guild)
        message = channel.get_partial_message(place.message)
        async with asyncio.timeout(EDIT_SECONDS):
            await message.edit(content=text, allowed_mentions=discord.AllowedMentions.none(), view=view)

    def _buttons(self, standing: Standing) -> ui.View | None:
        """A job can be cancelled until its call has begun: what is painted is paid for."""
        if standing.state is State.RUNNING:
            return None
        return with_cancel(standing.job.id, phrases_for(standing.job.requester.locale))

    def _text(self, standing: Standing) -> str:
        phrases = phrases_for(standing.job.requester.locale)
        return status_text(standing, phrases, self._catalogue.models.get(standing.job.request.model))

    def _lock(self, place: Place) -> asyncio.Lock:
        return self._locks.setdefault(place.message, asyncio.Lock())
