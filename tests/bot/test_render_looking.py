"""What the looking commands show stays within Discord's limits in every language, whatever people wrote."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.phrases import Phrases, languages, phrases_for
from bot.ports import Standing, State
from bot.render.queue import queue_view
from bot.views.rows import button
from shared.job import Job
from tests.bot.test_render import CATALOGUE, ask, job, requests, text, wide

EN = phrases_for("en")
speech = st.sampled_from([phrases_for(language) for language in languages()])
jobs = st.builds(job, requests, st.integers(0, 2**64 - 1))


def numbered(asked: list[Job]) -> list[Job]:
    return [one.model_copy(update={"id": str(1_300_000_000_000_000_000 + n)}) for n, one in enumerate(asked)]


def everything(part: Any) -> list[dict[str, Any]]:
    inner = [*part.get("components", ()), *([part["accessory"]] if "accessory" in part else [])]
    return [part, *(one for child in inner for one in everything(child))]


def fits(view: Any) -> list[dict[str, Any]]:
    """Hold a view to Discord's limits; give its components."""
    found = [one for part in view.to_components() for one in everything(part)]
    assert len(found) == view.total_children_count <= 40
    assert sum(wide(one["content"]) for one in found if "content" in one) <= 4000
    assert all(one["content"] for one in found if "content" in one)
    ids = [one["custom_id"] for one in found if "custom_id" in one]
    assert len(ids) == len(set(ids))
    assert all(1 <= len(one) <= 100 for one in ids)
    assert all(1 <= wide(one["label"]) <= 80 for one in found if one["type"] == 2)
    return found


def queued(asked: list[Job], state: State, phrases: Phrases, guild: int | None = 7) -> Any:
    standings = [Standing(one, state, place, 9e9, 1e10, None, None) for place, one in enumerate(asked)]
    buttons = {one.id: button("cancel", one.id, phrases) for one in asked}
    return queue_view(standings, guild, CATALOGUE, phrases, buttons)


@given(st.lists(jobs, max_size=25), st.sampled_from(State), speech, st.none() | st.integers(0, 10**6))
def test_a_queue_fits_discord(asked: list[Job], state: State, phrases: Phrases, guild: int | None) -> None:
    fits(queued(numbered(asked), state, phrases, guild))


def test_only_what_has_not_begun_can_be_cancelled() -> None:
    asked = numbered([job(ask()) for _ in range(3)])

    can = {state: [one for one in fits(queued(asked, state, EN)) if "custom_id" in one] for state in State}

    assert [one["custom_id"] for one in can[State.WAITING]] == [f"cancel:{one.id}" for one in asked]
    assert len(can[State.PREPARING]) == 3
    assert can[State.RUNNING] == can[State.FINISHED] == []


def test_a_queue_says_how_much_there_is_and_where() -> None:
    asked = numbered([job(ask()) for _ in range(12)])

    said = "\n".join(one["content"] for one in fits(queued(asked, State.RUNNING, EN)) if "content" in one)

    assert "12 requests of yours are on their way" in said
    assert "7 requests are on their way on the whole server." in said
    assert "and 2 more" in said
    assert "[Open](https://discord.com/channels/1/2/3)" in said
    assert "Nothing of yours is on its way" in "\n".join(text(queued([], State.RUNNING, EN)))
