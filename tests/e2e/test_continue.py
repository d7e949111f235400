"""`/imagine` inside a thread goes on from its pictures, in the real house."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.asker import Asker, custom_ids, until

Calls = Callable[[], list[dict[str, Any]]]


def made_by(result: dict[str, Any]) -> str:
    return next(i for i in custom_ids(result) if i.startswith("again:")).removeprefix("again:")


def finished(ada: Asker, job: str, answer: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    told = answer(job)
    ada.written_down(job)
    return told


@pytest.fixture
def first(ada: Asker, calls: Calls) -> dict[str, Any]:
    """A result in a thread of its own, the first in the books."""
    del calls
    return finished(ada, ada.ask("a castle", keep=60), ada.answer)


def test_without_an_attachment_the_latest_picture_is_where_it_starts_and_the_status_says_so(
    ada: Asker, first: dict[str, Any], calls: Calls
) -> None:
    job = ada.ask("a ruin [slow:2]", image=None, channel=first["channel_id"])
    until(lambda: "from this thread's latest picture.\n" in ada.status(job)["content"], "where it starts from")
    finished(ada, job, ada.answer_here)
    again = ada.ask("a meadow", image=None, channel=first["channel_id"])
    ada.answer_here(again)

    pictures = [call["body"]["image"] for call in calls()]
    assert len({str(picture) for picture in pictures}) == 3, "each starts from the one before it"


def test_one_option_says_which_picture_or_none(ada: Asker, first: dict[str, Any], calls: Calls) -> None:
    thread, job = first["channel_id"], made_by(first)
    second = ada.ask("a ruin", image=None, channel=thread)
    finished(ada, second, ada.answer_here)

    offered = ada.offered("", "from", thread)
    typed = ada.offered("RUIN", "from", thread)
    for source in ("original", "none", job, "latest"):
        finished(ada, ada.ask("a meadow", image=None, channel=thread, **{"from": source}), ada.answer_here)

    assert [choice["value"] for choice in offered] == ["latest", "original", "none", second, job]
    assert [choice["value"] for choice in typed] == [second]
    assert typed[0]["name"].startswith("“a ruin” · seed ")
    _, *bodies = [call["body"] for call in calls()]
    ruin, original, words, earlier, latest = [body.get("image") for body in bodies]
    assert words is None
    assert earlier == ruin, "both start from the first result"
    assert len({str(picture) for picture in (original, earlier, latest)}) == 3


def test_what_is_for_words_alone_paints_from_words_alone(ada: Asker, first: dict[str, Any], calls: Calls) -> None:
    thread = first["channel_id"]

    ada.answer_here(ada.ask("a meadow", image=None, channel=thread, aspect="16:9"))
    ada.answer_here(ada.ask("a meadow", image=None, channel=thread, model="stable-image-core"))

    assert [call["body"].get("image") for call in calls()[1:]] == [None, None]
