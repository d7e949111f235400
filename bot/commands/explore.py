"""`/explore`: one request several times with one thing that differs; what it costs is shown first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import discord

from bot.commands.imagine import Imagine
from bot.exploring.message import message_of
from bot.exploring.plan import USUAL, planned
from bot.intake import Intake, requester_of
from bot.interactions.showing import Shown, present, turn
from bot.interactions.speaking import phrases_of
from bot.ports import Draft, Drafting, Exploring, Grid, Kept, Over, Plan, Remembering, Source
from bot.render.grid import Stage, note_view, plan_view
from bot.render.queue import link_to
from bot.views import Press, plan_rows
from shared.errors import Problem, Refused, problem
from shared.job import Place


@dataclass(frozen=True)
class Explore:
    """Asks whether to start, then starts. `imagine` reads the options, `drafts` keep what is planned meanwhile."""

    imagine: Imagine
    drafts: Drafting
    grids: Exploring
    library: Remembering
    today: Callable[[], date]

    async def __call__(
        self,
        interaction: discord.Interaction,
        *,
        over: str,
        count: int | None = None,
        values: str | None = None,
        **options: Any,
    ) -> None:
        """Show the person alone what would run and what it costs."""

        async def asked() -> Shown:
            wanted = await self.imagine.read(interaction, **options)
            phrases = phrases_of(interaction)
            plan = planned(
                Over(over),
                wanted.request,
                self._intake.catalogue,
                phrases,
                count=count or USUAL,
                written=values or "",
                today=self.today(),
                chance=self._intake.chance,
            )
            self._intake.check(interaction, wanted.picture, *plan.requests)
            draft = Draft(
                user=interaction.user.id,
                pictures=(wanted.picture,) if isinstance(wanted.picture, Source) else (),
                parent=wanted.parent,
                plan=plan,
                kept=wanted.picture.sha256 if isinstance(wanted.picture, Kept) else None,
                start=wanted.start,
            )
            await self.drafts.draft(str(interaction.id), draft)
            return Shown(plan_view(plan, self._intake.catalogue, phrases, plan_rows(str(interaction.id), phrases)))

        await present(interaction, asked)

    async def start(self, interaction: discord.Interaction, press: Press) -> None:
        """Start what was planned, once however often it is confirmed; the question becomes the way to its message."""
        await turn(interaction, partial(self._started, interaction, press.job_id))

    async def drop(self, interaction: discord.Interaction, press: Press) -> None:
        """Start nothing."""
        del press

        async def stopped() -> Shown:
            return Shown(note_view(phrases_of(interaction).say("explore.stopped")))

        await turn(interaction, stopped)

    @property
    def _intake(self) -> Intake:
        return self.imagine.intake

    async def _started(self, interaction: discord.Interaction, draft_id: str) -> Shown:
        grid = await self.grids.grid(draft_id)
        if grid is None:
            draft = await self.drafts.drafted(draft_id)
            if draft is None or draft.plan is None or draft.user != interaction.user.id:
                raise Refused(problem("explore_gone"))
            grid = await self._begin(interaction, draft_id, draft, draft.plan)
        return Shown(note_view(phrases_of(interaction).say("explore.started", where=link_to(grid.place))))

    async def _begin(self, interaction: discord.Interaction, grid_id: str, draft: Draft, plan: Plan) -> Grid:
        picture = await self._picture(draft)
        self._intake.check(interaction, picture, *plan.requests)

        def grid_at(place: Place) -> Grid:
            return Grid(grid_id, plan, requester_of(interaction), self._intake.now(), place)

        blank = grid_at(Place(guild=interaction.guild_id or 0, channel=interaction.channel_id or 0, message=0))
        waiting = [Stage.WAITING for _ in plan.requests]
        view = message_of(blank, waiting, self._intake.catalogue, sheet=False)
        grid = grid_at(await self._intake.post(interaction, grid_id, view))
        if await self.grids.begin(grid):
            refused = await self._take(interaction, grid, picture, draft)
            if refused:
                await self.grids.refuse(grid_id, refused)
        return grid

    async def _take(
        self, interaction: discord.Interaction, grid: Grid, picture: Source | Kept | None, draft: Draft
    ) -> dict[int, Problem]:
        """Take on the cells; tells why some were refused, by their numbers."""
        requests = dict(zip(grid.cells, grid.plan.requests, strict=True))
        try:
            refused = await self._intake.take_many(
                interaction, requests, picture, grid.place, parent=draft.parent, start=draft.start
            )
        except Refused as all_of_it:
            refused = dict.fromkeys(grid.cells, all_of_it.problems)
        return {place: refused[cell][0] for place, cell in enumerate(grid.cells, 1) if cell in refused}

    async def _picture(self, draft: Draft) -> Source | Kept | None:
        if draft.kept is None:
            return next(iter(draft.pictures), None)
        kept = await self.library.source(draft.kept)
        if kept is None:
            raise Refused(problem("source_gone"))
        return kept
