"""Images that were not used for so many days are deleted again and again."""

import asyncio
from typing import Any, cast

import pytest

from bot.storage import housekeeping
from bot.storage.housekeeping import delete_expired_images


class RecordingImageStore:
    def __init__(self) -> None:
        self.retentions: list[float] = []
        self.was_called_twice = asyncio.Event()

    async def delete_expired_images(self, retention_days: float) -> int:
        self.retentions.append(retention_days)
        if len(self.retentions) == 2:
            self.was_called_twice.set()
        return 3


async def test_images_older_than_the_retention_time_are_deleted_in_each_round(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "HOUSEKEEPING_INTERVAL_SECONDS", 0.001)
    image_store = RecordingImageStore()

    with caplog.at_level("INFO", "bot"):
        task = asyncio.create_task(delete_expired_images(cast("Any", image_store), 2))
        async with asyncio.timeout(5):
            await image_store.was_called_twice.wait()
        task.cancel()

    assert set(image_store.retentions) == {2}
    assert "deleted 3 images" in caplog.text
