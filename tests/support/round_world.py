"""A contest with entries on a real database, and members who use its components, with all that they are shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import discord

from bot.domain.round_phases import start_contest
from bot.domain.rounds import Contest, Phase, TieRule
from bot.features.rounds.ballot import BallotHandlers
from bot.features.rounds.custom_ids import BallotChoiceId
from bot.features.rounds.host import HostCommands
from bot.storage.audit_log import SqlAuditLog
from bot.storage.jobs import SqlJobStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from shared.catalogue import load_catalogue
from tests.support.builders import Clock, make_finished_status
from tests.support.members import make_interaction
from tests.support.rounds import CONTEST_ID, make_contest, make_entry_job

ADA, BEN, CLEO = 201, 202, 203


class FakeSheets:
    """Draws no sheet."""

    async def draw_sheet(self, client: Any, entries: Any) -> bytes:
        del client, entries
        return b""


class FakeEditor:
    """Edits nothing."""

    async def redraw_phase(self, *_: object) -> None:
        return

    async def redraw_entry(self, *_: object) -> None:
        return


@dataclass
class World:
    """A contest with entries of Ada, Ben and Cleo."""

    url: str
    clock: Clock
    database: Database
    stores: RoundStores

    @property
    def ballots(self) -> BallotHandlers:
        return BallotHandlers(self.stores, cast("Any", FakeSheets()))

    @property
    def host(self) -> HostCommands:
        return HostCommands(self.stores, cast("Any", FakeEditor()), SqlAuditLog(self.database))

    async def start(self, **settings: Any) -> None:
        settings_in_force: dict[str, Any] = {"rounds": 2, "tie_rule": TieRule.MODERATOR} | settings
        contest = make_contest(**settings_in_force)
        assert await self.stores.contests.add_contest(start_contest(contest))
        job_store = SqlJobStore(self.database, catalogue=load_catalogue(), clock=self.clock)
        for number, user_id in enumerate((ADA, BEN, CLEO), 1):
            job = make_entry_job(number, user_id=user_id)
            assert await job_store.add_jobs([job], None)
            await job_store.mark_delivered(make_finished_status(job), None)

    async def end_phase(self) -> Contest:
        self.clock.now += 1000
        contest = await self.stores.contests.advance(CONTEST_ID)
        assert contest is not None
        return contest

    async def find_number(self, author_id: int) -> int:
        entries = await self.stores.contests.list_entries(CONTEST_ID)
        return next(entry.number for entry in entries if entry.author_id == author_id) or 0

    async def load_contest(self) -> Contest:
        contest = await self.stores.contests.find_contest(CONTEST_ID)
        assert contest is not None
        return contest

    async def vote(self, user_id: int, number: int, *, round_number: int = 1, **place: Any) -> Any:
        interaction = await use_component(user_id, str(number), **place)
        custom_id = BallotChoiceId(CONTEST_ID, Phase.VOTING, round_number, 1, 0)
        await self.ballots.choose(interaction, custom_id)
        return interaction


@asynccontextmanager
async def open_world(url: str) -> AsyncIterator[World]:
    """Open a world on a new database; its clock starts at noon."""
    clock, database = Clock(), Database(url)
    await database.migrate()
    yield World(url, clock, database, RoundStores(database, clock=clock))
    await database.close()


async def use_component(user_id: int, *values: str, **place: Any) -> Any:
    """Make the interaction of a member who uses a component; what they are shown is in its `shown`."""
    shown: list[str] = []

    async def defer(**_: object) -> None:
        return None

    async def edit(*, content: str = "", view: Any = None, attachments: Any = ()) -> None:
        del attachments
        shown.append(f"{content}{view.to_components() if view else ''}")

    async def send(text: str, *, ephemeral: bool) -> None:
        assert ephemeral
        shown.append(text)

    async def respond(text: str, *, view: Any, ephemeral: bool) -> None:
        del view
        await send(text, ephemeral=ephemeral)

    interaction = await make_interaction(user_id=user_id, **place)
    interaction.shown = shown
    interaction.data = {"values": list(values)}
    interaction.response = SimpleNamespace(
        is_done=lambda: True,
        defer=defer,
        send_message=respond,
        type=discord.InteractionResponseType.deferred_message_update,
    )
    interaction.edit_original_response = edit
    interaction.followup = SimpleNamespace(send=send)
    return interaction
