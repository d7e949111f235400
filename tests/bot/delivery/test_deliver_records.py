"""What the records say is believed before anything is posted, and written before anything is acknowledged."""

import time

import pytest

from bot.adapters.records import Records
from bot.deliver import Deliver
from bot.ports import Closed, Standing, State, Told
from bot.records.models import outcomes
from shared.catalogue import Catalogue
from shared.errors import problem
from shared.job import Job
from shared.outcome import Failed
from tests.bot.delivery.scene import Discord, Ledger, at_work, words
from tests.bot.records.desk import rows

LOST = Failed(problem=problem("lost"))


class Book:
    """Records in memory; `acknowledged_before` lists what the queue had been told when an end was written."""

    def __init__(self, ledger: Ledger) -> None:
        self.ends: dict[str, Closed] = {}
        self.ledger = ledger
        self.acknowledged_before: list[str] = []

    async def closed(self, job_id: str) -> Closed | None:
        return self.ends.get(job_id)

    async def delivered(self, standing: Standing, told: Told | None) -> None:
        self.acknowledged_before += list(self.ledger.told)
        self.ends[standing.job.id] = Closed(told)


@pytest.fixture
def book(ledger: Ledger) -> Book:
    return Book(ledger)


@pytest.fixture
def deliver(world: Discord, ledger: Ledger, catalogue: Catalogue, book: Book) -> Deliver:
    return Deliver(world.client, ledger, catalogue, records=book, patience=(0.05,) * 40)


async def tell(deliver: Deliver, ledger: Ledger, job: Job) -> int | None:
    async with at_work(deliver.run):
        return await ledger.when_told(job)


async def test_an_answer_is_written_down_before_its_outcome_is_acknowledged(
    world: Discord, ledger: Ledger, deliver: Deliver, book: Book
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, LOST, thread=thread)

    message = await tell(deliver, ledger, job)

    assert book.ends == {job.id: Closed(Told(thread, message))}
    assert book.acknowledged_before == []


async def test_what_the_records_know_to_be_told_is_only_acknowledged(
    world: Discord, ledger: Ledger, deliver: Deliver, book: Book
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    book.ends[job.id] = Closed(Told(thread, 77))
    ledger.finish(job, LOST, thread=thread)

    assert await tell(deliver, ledger, job) == 77

    assert await world.messages(thread) == []
    assert f"/{thread}/77" in await world.status(job)


async def test_an_outcome_of_a_refused_request_is_only_acknowledged(
    world: Discord, ledger: Ledger, deliver: Deliver, book: Book
) -> None:
    job = await world.asked()
    book.ends[job.id] = Closed(None)
    ledger.finish(job, LOST)

    assert await tell(deliver, ledger, job) is None

    assert len(await world.messages()) == 1
    assert await world.status(job) == "Your request has arrived."


async def test_what_reconciling_tells_is_said_in_the_thread_and_found_again(
    world: Discord, deliver: Deliver, book: Book
) -> None:
    job = await world.asked(locale="fr")
    standing = Standing(job, State.FINISHED, 0, 0, time.time(), None, Failed(problem=problem("forgotten")))

    told = await deliver.tell(standing)

    assert told is not None
    (posted,) = await world.messages(told.channel)
    assert "La file d'attente a perdu la mémoire" in words(posted)
    assert book.ends == {job.id: Closed(told)}
    assert await deliver.said(standing) == told


async def test_a_job_without_an_answer_is_not_found(world: Discord, deliver: Deliver) -> None:
    job = await world.asked()

    assert await deliver.said(Standing(job, State.WAITING, 0, 0, job.accepted_at, None, None)) is None


async def test_delivery_goes_on_while_the_records_are_away(
    world: Discord, ledger: Ledger, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.db'}"
    away = Records(url, catalogue=catalogue)
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, LOST, thread=thread)

    await tell(Deliver(world.client, ledger, catalogue, records=away), ledger, job)
    assert len(await world.messages(thread)) == 1

    await away.start()
    assert rows(url, outcomes) == []
    await away.close()
