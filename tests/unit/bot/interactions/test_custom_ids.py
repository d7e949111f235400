"""Custom ids are written and parsed by their own class alone."""

from dataclasses import dataclass
from enum import StrEnum

import pytest

from bot.interactions.custom_ids import JOB_ID, MODEL, CustomId


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class MoveId(CustomId, template=f"move:{JOB_ID}:{MODEL}:(?P<direction>up|down):(?P<steps>\\d{{1,3}})"):
    job_id: str
    model: str
    direction: Direction
    steps: int


@dataclass(frozen=True)
class StopId(CustomId, template="stop"):
    pass


def test_a_custom_id_is_written_and_parsed_with_the_types_of_its_fields() -> None:
    custom_id = MoveId("1442000000000000001-02", "sd3.5-large", Direction.DOWN, 12)

    assert str(custom_id) == "move:1442000000000000001-02:sd3.5-large:down:12"
    assert MoveId.parse(str(custom_id)) == custom_id
    assert str(StopId()) == "stop"
    assert StopId.parse("stop") == StopId()


@pytest.mark.parametrize(
    "text",
    [
        *("", "stop", "move", "move:1", "move:1:sdxl:up", "move:1:sdxl:sideways:1", "move:1:sdxl:up:x"),
        *("move:1:sdxl:up:1:2", "move:x:sdxl:up:1", "move:1:a b:up:1", "move:١:sdxl:up:1", "move:1:sdxl:up:1\n"),
    ],
)
def test_an_id_of_another_form_is_not_parsed(text: str) -> None:
    assert MoveId.parse(text) is None
