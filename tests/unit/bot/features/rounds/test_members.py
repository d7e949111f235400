"""The buttons of contests that members press: answered to them alone, for contests of their server only."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.preferences import Preferences, ReusePolicy
from bot.domain.round_phases import start_contest
from bot.domain.rounds import ContestFormat
from bot.features.rounds.members import MemberHandlers
from bot.interactions.locale import set_preferences
from bot.rounds.custom_ids import JoinRelayId, LeaveRelayId, RemindId
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from bot.storage.tables import round_participants
from shared.i18n.messages import load_messages
from tests.support.builders import read_rows
from tests.support.rounds import CONTEST_ID, make_contest

EN = load_messages("en")
GUILD_ID, USER_ID, ROLE_ID = 1, 42, 5
PREFERENCES = Preferences()


class Member:
    """A member who presses buttons, and the texts that are shown to them alone."""

    def __init__(self, guild_id: int = GUILD_ID, preferences: Preferences = PREFERENCES) -> None:
        self.texts: list[str] = []
        interaction: Any = SimpleNamespace(
            id=17,
            user=SimpleNamespace(id=USER_ID),
            guild_id=guild_id,
            locale=discord.Locale.american_english,
            extras={},
            response=SimpleNamespace(defer=self.defer),
            edit_original_response=self.edit,
        )
        set_preferences(interaction, preferences)
        self.interaction = interaction

    async def defer(self, *, thinking: bool, ephemeral: bool) -> None:
        assert (thinking, ephemeral) == (True, True)

    async def edit(self, *, content: str, view: object) -> None:
        del view
        self.texts.append(content)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
async def stores(url: str) -> AsyncIterator[RoundStores]:
    database = Database(url)
    await database.migrate()
    yield RoundStores(database)
    await database.close()


async def test_members_join_and_leave_a_relay_and_ask_for_reminders(url: str, stores: RoundStores) -> None:
    await stores.contests.add_contest(start_contest(make_contest(format=ContestFormat.RELAY)))
    handlers, member = MemberHandlers(stores), Member()

    for _ in range(2):
        await handlers.join_relay(member.interaction, JoinRelayId(CONTEST_ID))
    for _ in range(2):
        await handlers.leave_relay(member.interaction, LeaveRelayId(CONTEST_ID))
    for _ in range(2):
        await handlers.toggle_reminder(member.interaction, RemindId(CONTEST_ID))

    keys = ("joined", "joined_before", "left", "left_before", "reminded", "not_reminded")
    assert member.texts == [EN.text(f"round.{key}") for key in keys]
    assert [row["has_left"] for row in read_rows(url, round_participants)] == [True]


async def test_a_contest_of_another_server_is_unknown(url: str, stores: RoundStores) -> None:
    await stores.contests.add_contest(start_contest(replace(make_contest(format=ContestFormat.RELAY), guild_id=2)))
    member = Member()

    await MemberHandlers(stores).join_relay(member.interaction, JoinRelayId(CONTEST_ID))

    assert member.texts[0].startswith("I don't know that contest")
    assert read_rows(url, round_participants) == []


async def test_a_contest_for_a_role_is_joined_by_those_who_have_it(url: str, stores: RoundStores) -> None:
    await stores.contests.add_contest(start_contest(make_contest(format=ContestFormat.RELAY, entrant_role_id=ROLE_ID)))
    member = Member()

    await MemberHandlers(stores).join_relay(member.interaction, JoinRelayId(CONTEST_ID))

    assert f"<@&{ROLE_ID}>" in member.texts[0]
    assert read_rows(url, round_participants) == []


async def test_who_lets_nobody_build_on_their_pictures_takes_no_turns(url: str, stores: RoundStores) -> None:
    await stores.contests.add_contest(start_contest(make_contest(format=ContestFormat.RELAY)))
    member = Member(preferences=Preferences(reuse_policy=ReusePolicy.NOBODY))

    await MemberHandlers(stores).join_relay(member.interaction, JoinRelayId(CONTEST_ID))

    assert member.texts[0].startswith("You've asked that nobody builds on your pictures")
    assert read_rows(url, round_participants) == []
