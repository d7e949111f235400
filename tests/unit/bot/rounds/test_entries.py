"""Submitting entries: charged to whoever pays, acknowledged to the author alone."""

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.domain.budgets import Spender
from bot.domain.images import StoredImage
from bot.domain.rounds import Payer
from bot.interactions.locale import load_guild_settings, load_preferences
from bot.interactions.teams import ask_for_oneself
from bot.rounds.entries import EntrySubmitter
from bot.submission.images import ImageFetcher
from bot.submission.job_queuer import JobQueuer
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.i18n.messages import load_messages
from shared.job import EntryRef
from shared.problems import RejectedError, make_problem
from shared.request.builder import build_request
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore
from tests.support.rounds import CONTEST_ID, make_contest

CATALOGUE = load_catalogue()
REQUEST = build_request(CATALOGUE, prompt="a castle", has_picture=True)
SOURCE = StoredImage("0" * 64, b"the picture of the last winner")
AUTHOR_ID = 42


class FakeResponse:
    """The response to a form; what is shown later is collected in `texts`."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def is_done(self) -> bool:
        return True

    async def defer(self, *, thinking: bool, ephemeral: bool) -> None:
        assert (thinking, ephemeral) == (True, True)

    async def edit(self, *, content: str, view: Any = None) -> None:
        del view
        self.texts.append(content)


async def make_interaction(response: FakeResponse) -> Any:
    interaction: Any = SimpleNamespace(
        id=17,
        followup=None,
        message=SimpleNamespace(id=99),
        user=SimpleNamespace(id=AUTHOR_ID, display_name="ada"),
        locale=discord.Locale.american_english,
        extras={},
        guild=None,
        guild_id=1,
        channel_id=3,
        app_permissions=discord.Permissions.all(),
        permissions=discord.Permissions.all(),
        channel=None,
        client=None,
        filesize_limit=10**6,
        response=response,
        edit_original_response=response.edit,
    )
    await load_preferences(interaction, None)
    await load_guild_settings(interaction, None)
    ask_for_oneself(interaction)
    return interaction


def make_submitter(queue: FakeJobQueue, store: FakeSubmissionStore) -> EntrySubmitter:
    fetcher = ImageFetcher(cast("Any", None), (), 10**6)
    validator = RequestValidator(CATALOGUE, (), 10**6)
    return EntrySubmitter(JobQueuer(validator, fetcher, queue, store, rng=random.Random(7), clock=lambda: 1e9))


@pytest.mark.parametrize(
    ("payer", "spender"), [(Payer.AUTHOR, Spender(AUTHOR_ID, 1, 3)), (Payer.SERVER, Spender(0, 1, 2))]
)
async def test_an_entry_goes_on_from_the_winner_and_is_charged_to_whoever_pays(payer: Payer, spender: Spender) -> None:
    queue, store, response = FakeJobQueue(), FakeSubmissionStore(), FakeResponse()
    contest = replace(make_contest(payer=payer), source_job_id="16")

    await make_submitter(queue, store).submit_entry(
        await make_interaction(response), contest, REQUEST, SOURCE, replaced_job_id="15", source_owner_id=7
    )

    (job,) = queue.jobs.values()
    assert job.entry == EntryRef(contest_id=CONTEST_ID, round_number=1, replaced_job_id="15")
    assert (job.parent_id, job.source_owner_id, job.has_status_message) == ("16", 7, False)
    assert (job.origin.channel_id, job.origin.is_in_thread) == (3, True)
    assert store.spenders[job.id] == spender
    assert queue.sources[job.id] == SOURCE.data
    assert response.texts == [load_messages("en").text("round.accepted")]


async def test_an_entry_that_the_contest_does_not_accept_is_explained_to_its_author() -> None:
    queue, store, response = FakeJobQueue(), FakeSubmissionStore(), FakeResponse()
    store.error = RejectedError(make_problem("round_full", limit=5))

    await make_submitter(queue, store).submit_entry(await make_interaction(response), make_contest(), REQUEST, SOURCE)

    assert queue.jobs == {}
    (text,) = response.texts
    assert text.startswith("This round has all the entries")


async def test_a_form_that_discord_delivers_twice_is_one_entry() -> None:
    queue, store, response = FakeJobQueue(), FakeSubmissionStore(), FakeResponse()
    submitter = make_submitter(queue, store)
    for _ in range(2):
        await submitter.submit_entry(await make_interaction(response), make_contest(), REQUEST, SOURCE)

    assert len(queue.jobs) == 1
    assert len(response.texts) == 1
