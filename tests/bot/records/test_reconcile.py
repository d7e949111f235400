"""Records and a real Redis that lost its memory: what is asked for again, what is told, what is left alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import redis

from bot.adapters.records import Records
from bot.adapters.redis import RedisQueue, connect
from bot.ports import Closed, Kept, Source, Standing, State, Told, Unheard
from bot.reconcile import GRACE, Reconcile
from bot.records.models import attempts, outcomes
from shared.catalogue import Catalogue
from shared.errors import Problem, Refused, problem
from shared.job import Job
from shared.outcome import Failed
from shared.queue.names import PREFIX, job_key, source_key
from shared.queue.pieces import joined
from tests.bot.records.desk import EXPIRES, MADE, NOON, SOURCE, Clock, finished, job, rows

PICTURE = b"bytes of a picture"


class Thread:
    """What is said in Discord; `stands` is an answer that was posted before and of which no record is left."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.told: list[tuple[str, Problem]] = []
        self.stands: dict[str, Told] = {}
        self.trouble: Exception | None = None

    async def tell(self, standing: Standing) -> Told:
        if self.trouble is not None:
            raise self.trouble
        assert isinstance(standing.outcome, Failed)
        self.told.append((standing.job.id, standing.outcome.problem))
        said = Told(standing.job.place.message, 55)
        await self.records.delivered(standing, said)
        return said

    async def said(self, standing: Standing) -> Told | None:
        return self.stands.get(standing.job.id)


class Scene:
    """A bot's queue, records and clock; `fetched` counts downloads, `trouble` refuses them."""

    def __init__(self, url: str, records: Records, queue: RedisQueue, clock: Clock) -> None:
        self.url = url
        self.records = records
        self.queue = queue
        self.clock = clock
        self.thread = Thread(records)
        self.fetched: list[Source] = []
        self.trouble: Refused | None = None
        self.reconcile = Reconcile(records, queue, self.thread, self.fetch, clock=clock)

    async def fetch(self, source: Source) -> bytes:
        self.fetched.append(source)
        if self.trouble is not None:
            raise self.trouble
        return PICTURE

    async def ask(self, number: int, *, has_picture: bool = True, queued: bool = True) -> Job:
        """Take a job on, as the command does, as far as it came."""
        asked = job(number, has_picture=has_picture, at=self.clock.now)
        await self.records.accepted(asked, SOURCE if has_picture else None)
        if queued:
            await self.queue.accept(asked, PICTURE if has_picture else None)
            await self.records.queued(asked.id, None)
        return asked

    def forget(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def field(self, asked: Job, name: str) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            found: bytes | None = client.hget(job_key(asked.id), name)
            return found

    def source(self, asked: Job) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            return joined(cast("list[bytes]", client.lrange(source_key(asked.id), 0, -1)))


def no_ticket(lane: str) -> str:
    del lane
    return ""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
async def scene(redis_url: str, records: Records, catalogue: Catalogue, clock: Clock) -> AsyncIterator[Scene]:
    queue = RedisQueue(connect(redis_url), catalogue=catalogue, ticket=no_ticket)
    await queue.start()
    yield Scene(redis_url, records, queue, clock)
    await queue.close()


async def test_a_job_that_redis_knows_is_left_alone(scene: Scene) -> None:
    asked = await scene.ask(1)
    scene.clock.now += 10 * GRACE

    await scene.reconcile.look()

    assert (scene.fetched, scene.thread.told) == ([], [])
    assert scene.field(asked, "doubts") == b"0"


async def test_a_forgotten_job_is_queued_again_with_its_id_seed_picture_and_thread(scene: Scene) -> None:
    asked = await scene.ask(1)
    await scene.queue.opened(asked.id, asked.place.message)
    await scene.reconcile.look()
    scene.forget()

    await scene.reconcile.look()

    (standing,) = await scene.queue.standings([asked.id])
    assert (standing.job, standing.state, standing.thread) == (asked, State.PREPARING, asked.place.message)
    assert scene.source(asked) == PICTURE
    assert scene.thread.told == []


async def test_a_forgotten_job_from_words_alone_is_queued_at_once(scene: Scene) -> None:
    asked = await scene.ask(1, has_picture=False)
    scene.forget()

    await scene.reconcile.look()

    (standing,) = await scene.queue.standings([asked.id])
    assert standing.state is State.WAITING
    assert scene.fetched == []


async def test_the_repeat_counts_as_the_one_that_money_allows(scene: Scene, database_url: str) -> None:
    asked = await scene.ask(1)
    scene.forget()

    await scene.reconcile.look()
    await scene.reconcile.look()

    assert scene.field(asked, "doubts") == b"1"
    assert [(row["queueing"], row["doubts"]) for row in rows(database_url, attempts)] == [(1, 0), (2, 1)]
    assert len(scene.fetched) == 1


async def test_a_job_that_was_forgotten_twice_is_apologised_for_once(scene: Scene) -> None:
    asked = await scene.ask(1)
    for _ in range(3):
        scene.forget()
        await scene.reconcile.look()

    assert scene.thread.told == [(asked.id, problem("lost"))]
    assert await scene.queue.standings([asked.id]) == []


async def test_a_job_whose_call_was_repeated_already_is_not_called_a_third_time(scene: Scene) -> None:
    asked = await scene.ask(1)
    with redis.Redis.from_url(scene.url) as client:
        client.hset(job_key(asked.id), mapping={"calls": 2, "doubts": 1})
    await scene.reconcile.look()
    scene.forget()

    await scene.reconcile.look()

    assert scene.thread.told == [(asked.id, problem("lost"))]
    assert await scene.queue.standings([asked.id]) == []


@pytest.mark.parametrize("code", ["attachment_gone", "attachment_host", "attachment_type"])
async def test_a_picture_that_is_gone_is_told_once_and_the_record_closed(
    scene: Scene, database_url: str, code: str
) -> None:
    asked = await scene.ask(1)
    scene.forget()
    scene.trouble = Refused(Problem(code=code, facts={"host": "h", "types": "PNG"}))

    await scene.reconcile.look()
    await scene.reconcile.look()

    assert scene.thread.told == [(asked.id, problem("forgotten"))]
    assert [row["problem"] for row in rows(database_url, outcomes)] == ["forgotten"]
    assert await scene.queue.standings([asked.id]) == []


async def test_an_address_that_expired_is_not_asked(scene: Scene) -> None:
    asked = await scene.ask(1)
    scene.forget()
    scene.clock.now = EXPIRES + 1

    await scene.reconcile.look()

    assert scene.fetched == []
    assert scene.thread.told == [(asked.id, problem("forgotten"))]


async def test_a_file_server_that_is_away_is_asked_again(scene: Scene) -> None:
    asked = await scene.ask(1)
    scene.forget()
    scene.trouble = Refused(problem("attachment_unreachable"))
    await scene.reconcile.look()
    assert (scene.thread.told, await scene.queue.standings([asked.id])) == ([], [])

    scene.trouble = None
    await scene.reconcile.look()

    assert len(await scene.queue.standings([asked.id])) == 1


async def test_a_queue_that_refuses_for_now_is_asked_again_and_the_repeat_is_still_to_come(scene: Scene) -> None:
    forgotten = [await scene.ask(n, has_picture=False) for n in range(3)]
    scene.forget()
    with redis.Redis.from_url(scene.url) as client:
        client.config_set("maxmemory", "1")
        try:
            await scene.reconcile.look()
        finally:
            client.config_set("maxmemory", "0")
    assert await scene.queue.standings([asked.id for asked in forgotten]) == []

    await scene.reconcile.look()

    assert len(await scene.queue.standings([asked.id for asked in forgotten])) == 3
    assert scene.thread.told == []


@pytest.mark.parametrize("taken", [False, True])
async def test_a_queue_whose_answer_is_lost_has_the_job_once_whether_it_took_it_or_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    asked = await scene.ask(1, has_picture=False)
    scene.forget()
    accept = scene.queue.accept

    async def unheard(job: Job, source: bytes | None, *, doubts: int = 0) -> bool:
        if taken:
            await accept(job, source, doubts=doubts)
        raise Unheard

    with monkeypatch.context() as patched:
        patched.setattr(scene.queue, "accept", unheard)
        await scene.reconcile.look()
    await scene.reconcile.look()

    assert [standing.doubts for standing in await scene.queue.standings([asked.id])] == [1]
    assert scene.thread.told == []


async def test_a_model_that_is_switched_off_is_told(scene: Scene) -> None:
    asked = await scene.ask(1)
    scene.forget()
    off = problem("model_off", model="SD 3.5 Large", reason="It is gone.")
    with redis.Redis.from_url(scene.url) as client:
        client.set(f"{PREFIX}off:sd3.5-large", off.model_dump_json())

    await scene.reconcile.look()

    assert scene.thread.told == [(asked.id, off)]


async def test_a_job_that_was_never_queued_is_left_to_its_command_and_then_queued(scene: Scene) -> None:
    asked = await scene.ask(1, queued=False)
    await scene.reconcile.look()
    assert await scene.queue.standings([asked.id]) == []

    scene.clock.now += GRACE + 1
    await scene.reconcile.look()

    assert len(await scene.queue.standings([asked.id])) == 1


async def test_an_answer_that_stands_in_discord_closes_its_record(scene: Scene, database_url: str) -> None:
    asked = await scene.ask(1)
    scene.forget()
    scene.thread.stands[asked.id] = Told(asked.place.message, 77)

    await scene.reconcile.look()

    assert await scene.records.closed(asked.id) == Closed(Told(asked.place.message, 77))
    assert [row["kind"] for row in rows(database_url, outcomes)] == ["unknown"]
    assert await scene.queue.standings([asked.id]) == []


async def test_what_redis_knows_to_be_told_closes_its_record_with_the_outcome(scene: Scene, database_url: str) -> None:
    asked = await scene.ask(1)
    with redis.Redis.from_url(scene.url) as client:
        ended = {"state": "delivered", "outcome": MADE.model_dump_json(), "told": 88, "calls": 1}
        client.hset(job_key(asked.id), mapping=ended)

    await scene.reconcile.look()

    assert await scene.records.closed(asked.id) == Closed(Told(asked.place.message, 88))
    assert [(row["kind"], row["seed"]) for row in rows(database_url, outcomes)] == [("generated", 7)]
    assert [row["calls"] for row in rows(database_url, attempts)] == [1]


async def test_a_discord_that_is_away_keeps_the_record_open(scene: Scene) -> None:
    asked = await scene.ask(1)
    scene.forget()
    scene.clock.now = EXPIRES + 1
    scene.thread.trouble = OSError("away")
    await scene.reconcile.look()
    assert len(await scene.records.open_records()) == 1

    scene.thread.trouble = None
    await scene.reconcile.look()

    assert [told for told, _ in scene.thread.told] == [asked.id]


async def test_closed_records_are_not_looked_at(scene: Scene) -> None:
    delivered, refused = await scene.ask(1), await scene.ask(2)
    await scene.records.delivered(finished(delivered, since=NOON), Told(2, 5))
    await scene.records.refused(refused.id, problem("no_room"))
    scene.forget()

    await scene.reconcile.look()

    assert (scene.fetched, scene.thread.told) == ([], [])


async def test_a_job_whose_picture_is_kept_is_queued_again_from_it(scene: Scene) -> None:
    kept = Kept("ab" * 32, b"as the model got it")

    async def find(sha256: str) -> Kept | None:
        return kept if sha256 == kept.sha256 else None

    reconcile = Reconcile(scene.records, scene.queue, scene.thread, scene.fetch, kept=find, clock=scene.clock)
    asked = job(1, at=NOON)
    await scene.records.accepted(asked, kept)
    await scene.queue.accept(asked, kept.data)
    await scene.records.queued(asked.id, kept.sha256)
    scene.forget()

    await reconcile.look()

    assert scene.source(asked) == kept.data
    assert (scene.fetched, scene.thread.told) == ([], [])
