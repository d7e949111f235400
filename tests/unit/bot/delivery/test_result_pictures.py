"""A picture is loaded once for a delivery, from its beginning on."""

import asyncio
import gc
from typing import Any

import pytest

from bot.delivery.result_pictures import ResultPictures
from bot.domain.errors import QueueUnavailableError


class SlowQueue:
    """A queue that answers when it is told to."""

    def __init__(self) -> None:
        self.loads: list[asyncio.Future[bytes | None]] = []

    async def load_result_image(self, job_id: str) -> bytes | None:
        assert job_id == "1"
        self.loads.append(asyncio.get_running_loop().create_future())
        return await self.loads[-1]


def make_pictures() -> tuple[ResultPictures, SlowQueue]:
    queue: Any = SlowQueue()
    return ResultPictures(queue), queue


async def test_it_is_loaded_while_the_delivery_does_something_else() -> None:
    pictures, queue = make_pictures()

    async with pictures.share("1"):
        await asyncio.sleep(0)
        queue.loads[0].set_result(b"picture")
        assert [await pictures.load("1"), await pictures.load("1")] == [b"picture"] * 2

    assert len(queue.loads) == 1
    later = asyncio.ensure_future(pictures.load("1"))
    await asyncio.sleep(0)
    queue.loads[1].set_result(None)
    assert await later is None


async def test_an_error_is_raised_to_those_alone_who_need_the_picture(caplog: pytest.LogCaptureFixture) -> None:
    pictures, queue = make_pictures()

    async with pictures.share("1"):
        await asyncio.sleep(0)
        queue.loads[0].set_exception(QueueUnavailableError("gone", is_refusal=False))
        with pytest.raises(QueueUnavailableError):
            await pictures.load("1")
    async with pictures.share("1"):
        await asyncio.sleep(0)
        queue.loads[1].set_exception(QueueUnavailableError("gone", is_refusal=False))
    async with pictures.share("1"):
        await asyncio.sleep(0)

    gc.collect()
    assert queue.loads[2].cancelled()
    assert caplog.records == []
