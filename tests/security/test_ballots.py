"""A ballot is secret: two votes that differ only in who chose which entry look the same to everybody but the voters.

Compared are the whole database without the ballots themselves, the log, the messages of the contest, what moderators
see, and the custom ids of the ballots that the voters see.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Table

from bot.domain.rounds import MessageKind, Phase, RoundMessage, TieRule
from bot.features.rounds.overview_view import build_results_view, build_status_view
from bot.results.images import ResultImageLoader
from bot.results.picture_thumbnails import PictureThumbnails
from bot.rounds.message_builder import RoundMessageBuilder
from bot.rounds.pictures import RoundPictures
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.tables import metadata, round_ballots
from bot.storage.thumbnails import SqlThumbnailStore
from shared.i18n.messages import load_messages
from tests.support.builders import read_rows
from tests.support.round_world import ADA, BEN, CLEO, World, open_world
from tests.support.rounds import CONTEST_ID

EN = load_messages("en")
VOTERS = (301, 302, 303)
PUBLIC_KINDS = [MessageKind.ENTERING, MessageKind.ENTRIES, MessageKind.VOTING, MessageKind.RESULT]


def dump_tables(url: str, *, excluded: Table | None = None) -> dict[str, Any]:
    return {table.name: read_rows(url, table) for table in metadata.sorted_tables if table is not excluded}


async def load_nothing(_: object) -> bytes | None:
    return None


async def describe_public(world: World) -> list[str]:
    """Describe all that members and moderators see of the contest."""
    images, history = SqlImageStore(world.database), SqlJobHistory(world.database)
    loader: Any = ResultImageLoader(images, load_nothing)  # type: ignore[arg-type]
    pictures = RoundPictures(history, images, loader, load_nothing)
    thumbnails = PictureThumbnails(pictures.load_entry, SqlThumbnailStore(world.database))
    builder: Any = RoundMessageBuilder(world.stores, history, pictures, thumbnails)
    contest = await world.load_contest()
    entries = await world.stores.contests.list_entries(CONTEST_ID)
    built = [
        await builder.build_message(None, contest, RoundMessage(CONTEST_ID, n, kind, 1, 1.0), f"nonce {n}")
        for n, kind in enumerate(PUBLIC_KINDS)
    ]
    views: list[Any] = [build_status_view(contest, entries, [], EN), build_results_view(contest, entries, {}, EN)]
    return [str(one.payload["view"].to_components()) for one in built] + [str(v.to_components()) for v in views]


async def hold_vote(path: Path, choices: Mapping[int, int], caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Hold a vote in which each voter chooses the entry of an author; return all that is left of it anywhere."""
    caplog.clear()
    async with open_world(f"sqlite:///{path}") as world:
        world.stores.contests._rng = Random(7)
        await world.start(tie_rule=TieRule.SHARED)
        await world.end_phase()
        ballots = []
        for voter in VOTERS:
            interaction = await world.vote(voter, await world.find_number(choices[voter]))
            ballots.append(sorted(re.findall(r"'custom_id': '([^']+)'", interaction.shown[0])))
        assert len(read_rows(world.url, round_ballots)) == len(VOTERS)
        during = dump_tables(world.url, excluded=round_ballots), await describe_public(world)
        assert (await world.end_phase()).phase is Phase.ENTERING
        after = dump_tables(world.url), await describe_public(world)
        assert read_rows(world.url, round_ballots) == []
    log = [record.getMessage().replace(str(path), "") for record in caplog.records if record.name.startswith("bot")]
    return {"during": during, "after": after, "custom ids": ballots, "log": log}


async def test_nothing_but_the_ballot_itself_tells_who_chose_which_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    first = await hold_vote(tmp_path / "first.db", dict(zip(VOTERS, (ADA, BEN, CLEO), strict=True)), caplog)
    second = await hold_vote(tmp_path / "second.db", dict(zip(VOTERS, (CLEO, ADA, BEN), strict=True)), caplog)

    assert first == second


async def test_before_the_end_not_even_the_number_of_ballots_shows(tmp_path: Path) -> None:
    descriptions = []
    for count in (0, 3):
        async with open_world(f"sqlite:///{tmp_path / str(count)}.db") as world:
            world.stores.contests._rng = Random(7)
            await world.start()
            await world.end_phase()
            for voter in VOTERS[:count]:
                await world.vote(voter, await world.find_number(ADA))
            descriptions.append((dump_tables(world.url, excluded=round_ballots), await describe_public(world)))

    assert descriptions[0] == descriptions[1]
