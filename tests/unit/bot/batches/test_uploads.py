"""The files of a batch are on disk while they are read, and gone afterwards, even if a process was killed meanwhile."""

import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from bot.batches.reading.values import SentFile
from bot.batches.uploads import STALE_SECONDS, BatchUploads
from bot.domain.images import RemoteImage
from shared.problems import RejectedError, make_problem

HOST = "https://cdn.discordapp.com"
FILES = [RemoteImage(f"{HOST}/a", 3, "../a.csv"), RemoteImage(f"{HOST}/b", 3, "b")]


class FakeFetcher:
    """Gives the last letter of an address; refuses the address `x`."""

    async def fetch_file(self, file: RemoteImage, upload_limit: int) -> bytes:
        assert upload_limit == 9
        if file.url.endswith("x"):
            raise RejectedError(make_problem("attachment_gone"))
        return file.url[-1].encode()


class FakeStore:
    """Has two pictures of a batch."""

    async def iterate_images(self, batch_id: str) -> AsyncIterator[tuple[str, str, bytes]]:
        assert batch_id == "7"
        for name in ("b", "c"):
            yield name, name, b"stored"


def read_file(file: SentFile) -> bytes:
    with file.open() as opened:
        return opened.read()


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def uploads() -> BatchUploads:
    return BatchUploads(cast("Any", FakeFetcher()), cast("Any", FakeStore()))


async def test_files_keep_their_names_and_precede_the_pictures_that_are_stored(
    uploads: BatchUploads, folder: Path
) -> None:
    async with uploads.hold_files(FILES, 9, "7") as sent:
        found = [(file.name, read_file(file)) for file in sent]
        assert len(list_names(folder)) == 1

    assert found == [("../a.csv", b"a"), ("b", b"b"), ("c", b"stored")]
    assert list_names(folder) == []


async def test_nothing_remains_if_a_download_is_refused(uploads: BatchUploads, folder: Path) -> None:
    with pytest.raises(RejectedError, match="attachment_gone"):
        async with uploads.hold_files([*FILES, RemoteImage(f"{HOST}/x")], 9):
            pytest.fail("not all files are there")

    assert list_names(folder) == []


async def test_what_a_killed_process_left_is_deleted_once_nobody_can_use_it(
    uploads: BatchUploads, folder: Path
) -> None:
    for name, age in {"pentimento-batch-old": STALE_SECONDS + 60, "pentimento-batch-new": 60.0, "else": 1e6}.items():
        left = folder / name
        left.mkdir()
        (left / "0").write_bytes(b"x")
        os.utime(left, (time.time() - age,) * 2)

    async with uploads.hold_files([], 9):
        pass

    assert list_names(folder) == ["else", "pentimento-batch-new"]
