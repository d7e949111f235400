"""A component or modal reaches the handler of its custom id's class."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from bot.interactions.components import get_selected_values
from bot.interactions.custom_ids import JOB_ID, CustomId
from bot.interactions.modals import build_modal, read_modal_fields
from bot.interactions.routing import Route, Router


@dataclass(frozen=True)
class PaintId(CustomId, template=f"paint:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class FrameId(CustomId, template=f"frame:{JOB_ID}"):
    job_id: str


def make_interaction(custom_id: str, **data: Any) -> Any:
    return SimpleNamespace(data={"custom_id": custom_id, **data})


async def test_a_component_reaches_the_handler_of_its_class_with_the_parsed_id() -> None:
    handled: list[CustomId] = []

    async def paint(interaction: Any, custom_id: PaintId) -> None:
        handled.append(custom_id)

    async def frame(interaction: Any, custom_id: FrameId) -> None:
        handled.append(custom_id)

    router = Router([Route(PaintId, paint), Route(FrameId, frame)])
    for text in ("frame:7", "paint:8-01"):
        handler = router.find_handler(make_interaction(text))
        assert handler is not None
        await handler()

    assert handled == [FrameId("7"), PaintId("8-01")]


@pytest.mark.parametrize("custom_id", ["", "paint", "paint:x", "paint:7:8", "again:7", "paint:7\n"])
def test_an_id_of_another_version_of_the_bot_has_no_handler(custom_id: str) -> None:
    async def paint(interaction: Any, custom_id: PaintId) -> None:
        raise AssertionError(custom_id)

    assert Router([Route(PaintId, paint)]).find_handler(make_interaction(custom_id)) is None


async def test_each_opened_modal_has_an_id_of_its_own_that_reaches_the_same_handler() -> None:
    handled: list[CustomId] = []

    async def paint(interaction: Any, custom_id: PaintId) -> None:
        handled.append(custom_id)

    opened = [build_modal("Paint", PaintId("7")).custom_id for _ in range(2)]
    for custom_id in opened:
        handler = Router([Route(PaintId, paint)]).find_handler(make_interaction(custom_id))
        assert handler is not None
        await handler()

    assert len(set(opened)) == 2
    assert handled == [PaintId("7"), PaintId("7")]


def test_two_handlers_of_one_class_are_an_error() -> None:
    async def paint(interaction: Any, custom_id: PaintId) -> None:
        raise AssertionError(custom_id)

    with pytest.raises(ValueError, match="PaintId has two handlers"):
        Router([Route(PaintId, paint), Route(PaintId, paint)])


def test_selected_values_and_modal_fields_are_read_from_the_interaction() -> None:
    label = {"type": 18, "component": {"type": 4, "custom_id": "prompt", "value": "a castle"}}
    choice = {"type": 18, "component": {"type": 3, "custom_id": "model", "values": ["sdxl"]}}
    empty = {"type": 18, "component": {"type": 4, "custom_id": "negative", "value": ""}}
    modal = make_interaction("paint:7~00000000", components=[label, choice, empty])

    fields = read_modal_fields(modal)

    assert [fields.get_text(name) for name in ("prompt", "model", "negative", "missing")] == [
        "a castle",
        "sdxl",
        None,
        None,
    ]
    assert get_selected_values(make_interaction("paint:7", values=["a", "b"])) == ("a", "b")
    assert get_selected_values(make_interaction("paint:7")) == ()
