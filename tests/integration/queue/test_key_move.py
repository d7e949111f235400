"""`move-keys` takes all that waits to another prefix, once and as a whole, or says why it does not."""

import asyncio
from typing import Any

import pytest

from bot.__main__ import main
from bot.queue import key_mover
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.key_mover import KeyMover
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

NEW = KeyNames("{pentimento}:")
WAITING = (1, 2, 3)
ARGUMENTS = ("move-keys", "--from", DEFAULT_KEYS.prefix, "--to", NEW.prefix)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, redis_url: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("DISCORD_TOKEN", "unused")


async def fill(redis_url: str, catalogue: Catalogue, client: QueueRedis) -> None:
    """Leave behind what bots and workers do that were stopped: waiting jobs, an outcome, an old sweep and lease."""
    queue = BotJobQueue(connect_bot(redis_url), catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket)
    workers = WorkerJobQueue(client, lambda _: None, lease_seconds=0.05)
    await queue.enqueue_job(make_job(9, user=9), None)
    workers.sweep(catalogue)
    workers.finish(claim_job(workers), GENERATED, b"picture")
    for number in WAITING:
        await queue.enqueue_job(make_job(number, user=number, has_picture=True), b"upload")
    claim_job(workers, Stage.PREPARE)
    await asyncio.sleep(0.1)
    client.hset(DEFAULT_KEYS.sweep, "last_at", 1)
    await queue.close()


def move() -> int:
    """Run the command in a thread, as it starts a loop of its own."""
    return main(ARGUMENTS)


async def test_what_waits_is_answered_behind_the_new_prefix(
    redis_url: str, catalogue: Catalogue, client: QueueRedis, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(redis_url, catalogue, client)
    client.set("another", "application")
    names: Any = client.keys(f"{DEFAULT_KEYS.prefix}*")
    ttls = {name.decode().removeprefix(DEFAULT_KEYS.prefix): client.pttl(name) for name in names}

    assert await asyncio.to_thread(move) == 0
    assert await asyncio.to_thread(move) == 0

    first, again = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{len(names)} keys were moved. Set REDIS_KEY_PREFIX={NEW.prefix} for")
    assert again.startswith("0 keys were moved.")
    assert client.keys(f"{DEFAULT_KEYS.prefix}*") == []
    for name, ttl in ttls.items():
        kept: Any = client.pttl(NEW.prefix + name)
        assert (kept > 0) == (ttl > 0), name
        assert kept <= ttl, name
    with connect_worker(redis_url, NEW) as moved:
        workers = WorkerJobQueue(moved, lambda _: None)
        workers.sweep(
            catalogue
        )  # which waits as long as a lease, then gives back the job of the worker that was stopped
        claimed = [claim_job(workers, Stage.PREPARE) for _ in WAITING[1:]]
        assert workers.fetch_upload(claimed[0].job.id) == b"upload"
        assert moved.llen(NEW.ticket_list_key(Stage.PREPARE)) == len(WAITING)
    outcomes = RedisOutcomeStream(connect_bot(redis_url, NEW), catalogue)
    assert [entry.job_id for entry in await outcomes.read_outcomes()] == ["9"]
    await outcomes.close()


async def test_a_move_that_was_killed_is_finished_by_the_next(
    redis_url: str, catalogue: Catalogue, client: QueueRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(redis_url, catalogue, client)
    names: Any = client.keys(f"{DEFAULT_KEYS.prefix}*")
    monkeypatch.setattr(key_mover, "BATCH_SIZE", 4)
    redis = connect_bot(redis_url)
    mover = KeyMover(redis, DEFAULT_KEYS, NEW)
    rename, renamed = mover._rename, 0

    def die_midway(name: str) -> str:
        nonlocal renamed
        renamed += 1
        if renamed > len(names) + len(names) // 2:  # all of them are looked at first
            raise KeyboardInterrupt
        return rename(name)

    monkeypatch.setattr(mover, "_rename", die_midway)
    with pytest.raises(KeyboardInterrupt):
        await mover.move_keys()
    left: Any = client.keys(f"{DEFAULT_KEYS.prefix}*")
    assert 0 < len(left) < len(names)

    assert await KeyMover(redis, DEFAULT_KEYS, NEW).move_keys() == len(left)

    await redis.aclose()
    moved: Any = client.keys(f"{NEW.prefix}*")
    assert {name.removeprefix(NEW.prefix.encode()) for name in moved} == {
        name.removeprefix(DEFAULT_KEYS.prefix.encode()) for name in names
    }


@pytest.mark.parametrize("reason", ["A bot uses", "A worker used", "Workers hold 1 jobs", "exists already"])
async def test_nothing_is_moved_while_something_uses_either_prefix(
    redis_url: str, catalogue: Catalogue, client: QueueRedis, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    await fill(redis_url, catalogue, client)
    workers = WorkerJobQueue(client, lambda _: None)
    if reason == "A bot uses":
        client.set(DEFAULT_KEYS.leader, "token", px=3000)
    elif reason == "A worker used":
        workers.sweep(catalogue)
    elif reason == "Workers hold 1 jobs":
        claim_job(workers, Stage.PREPARE)
    elif reason == "exists already":
        confirm_epoch(client, names=NEW)
    before: Any = client.keys("*")

    assert await asyncio.to_thread(move) == 1

    error = capsys.readouterr().err
    assert reason in error
    assert ". " in error
    after: Any = client.keys("*")
    assert set(after) == set(before)


@pytest.mark.parametrize("target", ["pentimento", f"{DEFAULT_KEYS.prefix}2:", DEFAULT_KEYS.prefix])
def test_a_prefix_that_is_none_or_begins_with_the_other_is_refused(
    capsys: pytest.CaptureFixture[str], target: str
) -> None:
    assert main(["move-keys", "--from", DEFAULT_KEYS.prefix, "--to", target]) == 2
    assert "The keys cannot be moved: " in capsys.readouterr().err
