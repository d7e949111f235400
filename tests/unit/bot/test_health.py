"""The heartbeat file is touched only while the bot can do all of its work."""

import asyncio
import logging
from pathlib import Path

import pytest

from bot import health
from bot.health import HealthMonitor, Heartbeat, Probe

STATE = {"Redis": True, "the database": True}


def build_monitor(*probes: Probe) -> HealthMonitor:
    monitor = HealthMonitor()
    monitor.start(probes)
    return monitor


def build_probe(state: dict[str, bool], name: str, *, for_heartbeat: bool = True) -> Probe:
    async def probe() -> bool:
        return state[name]

    return Probe(name, name, probe, for_heartbeat=for_heartbeat)


async def test_the_file_is_touched_while_all_is_in_order_and_not_otherwise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MAX_AGE_SECONDS", 0)
    state, file = dict(STATE), tmp_path / "alive"
    absent = build_probe({"workers": False}, "workers", for_heartbeat=False)
    heartbeat = Heartbeat(file, build_monitor(*(build_probe(state, name) for name in state), absent))

    for name in state:
        state[name] = False
        await heartbeat.beat()
        await heartbeat.beat()
        assert not file.exists()
        state[name] = True
    await heartbeat.beat()

    assert file.exists()
    assert [record.getMessage() for record in caplog.records] == [
        "the heartbeat stops until these work again: Redis",
        "the heartbeat stops until these work again: the database",
        "the heartbeat goes on: all works",
    ]


async def test_a_probe_that_fails_or_hangs_is_not_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> bool:
        raise OSError("locked")

    async def hang() -> bool:
        await asyncio.sleep(60)
        return True

    monkeypatch.setattr(health, "PROBE_TIMEOUT_SECONDS", 0.01)
    for probe in (fail, hang):
        await Heartbeat(tmp_path / "alive", build_monitor(Probe("it", "it", probe))).beat()
        assert not (tmp_path / "alive").exists()


async def test_a_file_that_cannot_be_touched_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    heartbeat = Heartbeat(Path("/nowhere/alive"), build_monitor())

    await heartbeat.beat()
    await heartbeat.beat()

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "the heartbeat stops until these work again: HEARTBEAT_FILE (No such file or directory)")
    ]


async def test_it_beats_until_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "HEARTBEAT_INTERVAL_SECONDS", 0.01)
    file = tmp_path / "alive"
    task = asyncio.create_task(Heartbeat(file, build_monitor()).run())
    await asyncio.sleep(0.1)
    file.unlink()
    await asyncio.sleep(0.1)
    task.cancel()

    assert file.exists()


async def test_the_heartbeat_runs_no_probe_that_it_does_not_need(tmp_path: Path) -> None:
    runs = list[str]()

    async def note_run() -> bool:
        runs.append("workers")
        return False

    monitor = build_monitor(Probe("workers", "workers", note_run, for_heartbeat=False))
    await Heartbeat(tmp_path / "alive", monitor).beat()

    assert (tmp_path / "alive").exists()
    assert not runs


async def test_who_asks_within_a_second_shares_a_run() -> None:
    runs = list[str]()

    async def note_run() -> bool:
        runs.append("it")
        return False

    probe = Probe("it", "it", note_run)
    monitor = build_monitor(probe)

    everyone, heartbeat = await asyncio.gather(monitor.run_probes(), monitor.run_probes(for_heartbeat=True))

    assert everyone == heartbeat == {probe: False}
    assert runs == ["it"]
