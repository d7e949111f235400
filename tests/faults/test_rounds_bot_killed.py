"""kill -9 of the bot at each phase change of a contest: what it had posted is posted once, and nothing is skipped.

A batch beside the contest has its board and its sheet posted when the bot is killed, each without it learning of that,
and another one its message for approvers.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.domain.round_phases import start_contest
from bot.domain.rounds import Phase
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from demo.stack import Stack, run_stack
from shared.catalogue import load_catalogue
from shared.i18n.messages import load_messages
from tests.support.batch_posting import UNRECORDED, PostedBatch
from tests.support.bot_processes import BotProcesses, clear_discord_faults, inject_discord_fault
from tests.support.builders import make_finished_status
from tests.support.database import execute_sql, use_database
from tests.support.images import make_png
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.rounds import CONTEST_ID, make_contest, make_entry_job
from tests.support.user import DiscordUser, list_media, wait_until

WAITING = "SELECT sequence FROM round_messages WHERE closed_at IS NULL"


def start(stack: Stack, guild_id: int) -> None:
    contest = replace(
        make_contest(rounds=2, entry_seconds=3600, vote_seconds=3600),
        guild_id=guild_id,
        thread_id=int(stack.channel_id),
        created_at=time.time(),
    )
    assert use_database(stack, lambda database: RoundStores(database).contests.add_contest(start_contest(contest)))


def enter_two_pictures(stack: Stack) -> None:
    async def enter(database: Database) -> None:
        store, images = SqlJobStore(database, catalogue=load_catalogue()), SqlImageStore(database)
        for number in (1, 2):
            job = make_entry_job(number, user_id=number)
            assert await store.add_jobs([job], None)
            await store.mark_delivered(make_finished_status(job), None)
            await images.save_undelivered_image(job.id, make_png())

    use_database(stack, enter)


def vote(stack: Stack) -> None:
    use_database(
        stack,
        lambda database: RoundStores(database).ballots.save_ballot(
            CONTEST_ID, 3, [1], phase=Phase.VOTING, round_number=1
        ),
    )


def end_phase(stack: Stack) -> None:
    execute_sql(stack.environment["DATABASE_URL"], "UPDATE contests SET deadline = :now, due_at = 0", now=time.time())


def has_more(user: DiscordUser, channel: str, count: int) -> bool:
    return len(user.list_messages(channel)) > count


def kill_after_posting(
    stack: Stack, bots: BotProcesses, user: DiscordUser, channels: Sequence[str], act: Callable[[], None]
) -> None:
    """Let the bot post the next message in each channel without learning of it, kill it, and let another one go on."""
    posted = {channel: len(user.list_messages(channel)) for channel in channels}
    for channel in channels:
        inject_discord_fault(stack, "status_after:503", "POST", f"/channels/{channel}/messages$")
    inject_discord_fault(stack, "hang:60", "GET", f"/channels/{stack.channel_id}/messages", times=9)
    act()
    for channel, count in posted.items():
        wait_until(partial(has_more, user, channel, count), f"the next message in {channel}")
    bots.kill(bots.latest)
    assert query_records(stack, WAITING)
    clear_discord_faults(stack)
    bots.start()
    wait_until(lambda: not query_records(stack, WAITING), "all messages recorded")


def test_every_phase_change_is_told_once(tmp_path: Path) -> None:
    """Discord forgets nonces at once, so that only the channel's history tells what was posted."""
    with run_stack(
        tmp_path / "logs", discord_options=("--no-rate-limits", "--nonce-seconds", "0"), services=()
    ) as stack:
        bots = BotProcesses(stack, stack.redis_url)
        bots.start()
        try:
            ada = DiscordUser(stack)
            guild_id = int(ada.get("/control/state")["guilds"][0]["id"])
            here = stack.channel_id
            batch = PostedBatch(stack, guild_id, ada.post("/control/channels", {"name": "batches"})["id"])

            approvals = str(ada.post("/control/channels", {"name": "approvals"})["id"])

            def start_all() -> None:
                start(stack, guild_id)
                batch.start()
                batch.ask_approval(approvals)

            def end_phase_and_item() -> None:
                end_phase(stack)
                batch.end_first_item()

            kill_after_posting(stack, bots, ada, [here, batch.channel_id, approvals], start_all)
            wait_until(lambda: ada.list_messages(batch.channel_id)[0].get("thread"), "the thread of the batch")
            thread = ada.list_messages(batch.channel_id)[0]["id"]
            enter_two_pictures(stack)
            kill_after_posting(stack, bots, ada, [here, thread], end_phase_and_item)
            vote(stack)
            kill_after_posting(stack, bots, ada, [here], lambda: end_phase(stack))
            wait_until(lambda: not query_records(stack, UNRECORDED), "the board and the sheet recorded")
            kill_after_posting(stack, bots, ada, [here], lambda: end_phase(stack))

            texts = [*map(read_text, ada.list_messages(here))]
            boards, sheets = ada.list_messages(batch.channel_id), ada.list_messages(thread)
            requests = [*map(read_text, ada.list_messages(approvals))]
        finally:
            bots.stop_all()

    en = load_messages("en")
    expected = (
        en.text("round.round_of", number=1, count=2),
        en.text("round.entries", count=2, numbers="1, 2"),
        en.text("round.voting_title"),
        en.text("round.result_title", number=1),
        en.text("round.round_of", number=2, count=2),
        en.text("round.ended_no_entries", theme="a castle"),
        en.text("round.closing_title", theme="a castle"),
    )
    assert len(texts) == len(expected)
    assert all(sentence in text for sentence, text in zip(expected, texts, strict=True))
    assert len(boards) == 1
    assert [len(list_media(sheet)) for sheet in sheets] == [1]
    assert "castle-1" in read_text(sheets[0])
    assert [en.text("batch_approval.to_managers") in request for request in requests] == [True]
