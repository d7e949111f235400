"""Clocks that differ, disks that are full, and limits on open files."""

import resource
import shutil
from collections import namedtuple
from email.utils import formatdate
from pathlib import Path

import pytest

from shared.doctor import machine
from shared.doctor.clock import check_clock, check_date_header
from shared.doctor.findings import Status

NOW = 1_790_000_000.2


@pytest.mark.parametrize(
    ("ahead", "status", "what"),
    [
        (0, Status.OK, "agree within 5 s"),
        (-4, Status.OK, "agree within 5 s"),
        (30, Status.WARNING, "This clock is 29 s ahead of that of Discord."),
        (-30, Status.WARNING, "This clock is 30 s behind that of Discord."),
        (3600, Status.ERROR, "This clock is 60 min ahead of that of Discord."),
        (-3600, Status.ERROR, "This clock is 60 min behind that of Discord."),
    ],
)
def test_a_date_header_is_compared_with_this_clock(ahead: int, status: Status, what: str) -> None:
    header = formatdate(NOW - ahead, usegmt=True)

    [finding] = check_date_header("clock.discord", "Discord", header, NOW, NOW + 0.1)

    assert (finding.status, what in finding.state) == (status, True)
    assert ("NTP" in finding.advice) == (status is not Status.OK)


def test_the_time_that_an_answer_took_is_no_difference() -> None:
    assert check_clock("clock.redis", "Redis", NOW + 20, NOW, NOW + 40).status is Status.OK
    assert check_clock("clock.redis", "Redis", NOW + 20, NOW, NOW + 1).status is Status.WARNING


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_without_a_date_nothing_is_said(header: str | None) -> None:
    assert check_date_header("clock.aws", "AWS", header, NOW, NOW) == []


@pytest.mark.parametrize(
    ("free", "status"), [(5 << 30, Status.OK), (500 << 20, Status.WARNING), (1 << 20, Status.ERROR)]
)
def test_a_disk_without_room_is_told(
    free: int, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(free))

    assert machine.check_disk("disk.database", tmp_path).status is status


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    finding = machine.check_disk("disk.database", tmp_path / "missing")

    assert (finding.status, "No such file or directory" in finding.state) == (Status.ERROR, True)


def test_a_low_limit_on_open_files_is_told() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowered = max(64, len(list(Path("/dev/fd").iterdir())) + 32)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowered, hard))
    try:
        finding = machine.check_open_files("process.files", lowered + 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert finding.status is Status.WARNING
    assert f"ulimit -n {lowered + 1}" in finding.advice
    assert machine.check_open_files("process.files", 1).status is Status.OK
