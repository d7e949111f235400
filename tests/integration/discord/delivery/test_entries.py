"""The outcome of an entry is told to its author alone; its picture is kept until the contest shows it."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.rounds import EntryState, Phase, RoundEntry
from bot.domain.status import JobStatus, QueueState
from bot.interactions.followups import RecentFollowups
from bot.rendering.outcome_views import compute_component_id
from bot.status.status_messages import StatusMessages
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import jobs
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import EntryRef, Job
from shared.outcome import CANCELLED, Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import read_rows
from tests.support.delivery import FakeEntryReader, FakeOutcomeStream, FakePartitions, deliver_outcome, make_consumer
from tests.support.discord_channel import PROMPT, DiscordChannel, make_generated, read_text
from tests.support.images import make_png

FILTERED = Filtered(part=FilteredPart.PROMPT, duration_seconds=1)


class FakeWebhook:
    """The webhook of a form that was submitted."""

    def __init__(self) -> None:
        self.views: list[str] = []
        self.files: list[str] = []

    async def send(self, *, view: discord.ui.LayoutView, ephemeral: bool, files: Any = (), **_: Any) -> None:
        assert ephemeral
        self.views.append(str(view.to_components()))  # type: ignore[no-untyped-call]
        self.files += [file.filename for file in files]


async def submit_entry(discord_channel: DiscordChannel, *, locale: str = "en-US") -> Job:
    job = await discord_channel.submit_job(locale=locale, in_place=True)
    return job.model_copy(update={"entry": EntryRef(contest_id="17", round_number=1)})


def make_pending(job: Job, state: EntryState = EntryState.PENDING, number: int | None = None) -> RoundEntry:
    return RoundEntry(job.id, "17", 1, job.requester.id, 1.0, state=state, number=number)


async def list_direct_messages(discord_channel: DiscordChannel, job: Job) -> list[dict[str, Any]]:
    messages = await discord_channel.list_direct_messages()
    return [m for m in messages if compute_component_id(job.id) in {part.get("id") for part in m["components"]}]


@pytest.mark.parametrize(
    ("outcome", "state", "number", "note", "cost"),
    [
        (make_generated(), EntryState.PENDING, None, "entered", None),
        (make_generated(), EntryState.PENDING, 3, "turn_taken", None),
        (make_generated(), EntryState.FAILED, None, "entry_late", None),
        (FILTERED, EntryState.PENDING, None, "entry_retry", "free"),
        (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), EntryState.PENDING, None, "entry_retry", "billed"),
        (Failed(problem=make_problem("quota_exceeded")), EntryState.PENDING, None, "entry_retry", "free"),
    ],
)
async def test_the_author_is_told_in_response_to_the_form_and_nobody_else_is(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    outcome: Outcome,
    state: EntryState,
    number: int | None,
    note: str,
    cost: str | None,
) -> None:
    job, webhook, followups = await submit_entry(discord_channel), FakeWebhook(), RecentFollowups()
    followups.remember(SimpleNamespace(followup=webhook), [job.id])  # type: ignore[arg-type]  # a fake
    entries = FakeEntryReader(make_pending(job, state, number))
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=followups, entries=entries)
    outcome_stream.finish_job(job, outcome, make_png() if outcome == make_generated() else None)

    assert await deliver_outcome(consumer, outcome_stream, job) is None

    (view,) = webhook.views
    assert load_messages("en").text(f"round.{note}") in view
    assert {one for one in ("billed", "free") if load_messages("en").text(f"outcome.{one}") in view} == {cost} - {None}
    assert PROMPT in view
    assert len(webhook.files) == (outcome == make_generated())
    assert await list_direct_messages(discord_channel, job) == []
    (status,) = await discord_channel.list_messages()
    assert status["content"] == "Your request has arrived."


@pytest.mark.parametrize(
    ("contest", "note"),
    [
        ({"phase": Phase.ENDED}, "**The contest ended before this was made**"),
        ({"shows_entries_at_once": False}, "appears in the thread without your name"),
    ],
)
async def test_the_author_reads_of_a_contest_that_has_ended_and_of_entries_shown_as_they_come(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    contest: dict[str, Any],
    note: str,
) -> None:
    job, webhook, followups = await submit_entry(discord_channel), FakeWebhook(), RecentFollowups()
    followups.remember(SimpleNamespace(followup=webhook), [job.id])  # type: ignore[arg-type]  # a fake
    entries = FakeEntryReader(make_pending(job), **contest)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=followups, entries=entries)
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    (view,) = webhook.views
    assert note in view


async def test_the_author_of_a_change_that_was_filtered_reads_that_the_earlier_picture_takes_part(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job, webhook, followups = await submit_entry(discord_channel), FakeWebhook(), RecentFollowups()
    followups.remember(SimpleNamespace(followup=webhook), [job.id])  # type: ignore[arg-type]  # a fake
    entries = FakeEntryReader(replace(make_pending(job), replaced_job_id="7"))
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=followups, entries=entries)
    outcome_stream.finish_job(job, FILTERED)

    await deliver_outcome(consumer, outcome_stream, job)

    (view,) = webhook.views
    assert "your earlier picture keeps its place" in view


@pytest.mark.parametrize("locale", ["en-US", "fr"])
async def test_after_a_restart_the_author_is_told_directly_and_once(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, locale: str
) -> None:
    job = await submit_entry(discord_channel, locale=locale)
    outcome_stream.finish_job(job, make_generated(), make_png())
    for _ in range(2):  # the first one died before it recorded the outcome
        entries = FakeEntryReader(make_pending(job))
        consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, entries=entries)
        await deliver_outcome(consumer, outcome_stream, job)
        outcome_stream.delivered_messages.clear()
        outcome_stream.redeliver(job)

    (direct,) = await list_direct_messages(discord_channel, job)
    assert load_messages(locale).text("round.entered").split("**")[1] in read_text(direct)
    assert len(await discord_channel.list_files(direct)) == 1
    assert "custom_id" not in str(direct["components"])
    assert len(await discord_channel.list_messages()) == 1


async def test_an_author_whose_entry_was_cancelled_is_told_nothing_more(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await submit_entry(discord_channel)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue)
    outcome_stream.finish_job(job, Failed(problem=make_problem(CANCELLED, name="Ada")))

    assert await deliver_outcome(consumer, outcome_stream, job) is None

    assert await list_direct_messages(discord_channel, job) == []


async def test_the_picture_of_an_entry_is_kept_even_where_no_others_are(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database = Database(url)
    await database.migrate()
    entry = await submit_entry(discord_channel)
    store, image_store = SqlJobStore(database, catalogue=catalogue), SqlImageStore(database)
    consumer = make_consumer(
        discord_channel.client, outcome_stream, catalogue, store=store, image_store=image_store, keeps_images=False
    )
    outcome_stream.finish_job(entry, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, entry)

    assert await image_store.load_undelivered_image(entry.id) == make_png()
    (row,) = [row for row in read_rows(url, jobs) if row["id"] == entry.id]
    assert row["outcome_channel_id"] is None
    await database.close()


async def test_the_message_with_the_button_is_no_status_message(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await submit_entry(discord_channel)
    outcome_stream.put_status(JobStatus(job, QueueState.QUEUED, 1, 5, time.time(), None, None))

    await StatusMessages(discord_channel.client, outcome_stream, catalogue, FakePartitions()).refresh()

    assert await discord_channel.read_status(job) == "Your request has arrived."
