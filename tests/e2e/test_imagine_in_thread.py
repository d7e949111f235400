"""`/imagine` inside a thread continues from the thread's images, end to end."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.user import DiscordUser, list_custom_ids, wait_until

CallLister = Callable[[], list[dict[str, Any]]]


def read_job_id(result: dict[str, Any]) -> str:
    return next(i for i in list_custom_ids(result) if i.startswith("regenerate:")).removeprefix("regenerate:")


def wait_until_stored(ada: DiscordUser, job: str, wait_for_result: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    result = wait_for_result(job)
    ada.wait_until_stored(job)
    return result


@pytest.fixture
def first(ada: DiscordUser, list_calls: CallLister) -> dict[str, Any]:
    """A result in a thread of its own, from the first call."""
    del list_calls
    return wait_until_stored(ada, ada.submit_imagine("a castle", keep=60), ada.wait_for_result)


def test_without_an_attachment_the_threads_latest_image_is_the_source_and_the_status_says_so(
    ada: DiscordUser, first: dict[str, Any], list_calls: CallLister
) -> None:
    job = ada.submit_imagine("a ruin [slow:2]", image=None, channel=first["channel_id"])
    wait_until(
        lambda: "from this thread's latest picture.\n" in ada.wait_for_status(job)["content"], "where it starts from"
    )
    wait_until_stored(ada, job, ada.wait_for_result_in_place)
    again = ada.submit_imagine("a meadow", image=None, channel=first["channel_id"])
    ada.wait_for_result_in_place(again)

    pictures = [call["body"]["image"] for call in list_calls()]
    assert len({str(picture) for picture in pictures}) == 3, "each starts from the one before it"


def test_an_option_selects_the_source_image_or_none(
    ada: DiscordUser, first: dict[str, Any], list_calls: CallLister
) -> None:
    thread, job = first["channel_id"], read_job_id(first)
    second = ada.submit_imagine("a ruin", image=None, channel=thread)
    wait_until_stored(ada, second, ada.wait_for_result_in_place)

    offered = ada.autocomplete_option("", "from", thread)
    typed = ada.autocomplete_option("RUIN", "from", thread)
    for source in ("original", "none", job, "latest"):
        wait_until_stored(
            ada,
            ada.submit_imagine("a meadow", image=None, channel=thread, **{"from": source}),
            ada.wait_for_result_in_place,
        )

    assert [choice["value"] for choice in offered] == ["latest", "original", "none", second, job]
    assert [choice["value"] for choice in typed] == [second]
    assert typed[0]["name"].startswith("“a ruin” · seed ")
    _, *bodies = [call["body"] for call in list_calls()]
    ruin, original, words, earlier, latest = [body.get("image") for body in bodies]
    assert words is None
    assert earlier == ruin, "both start from the first result"
    assert len({str(picture) for picture in (original, earlier, latest)}) == 3


def test_options_for_text_to_image_ignore_the_threads_image(
    ada: DiscordUser, first: dict[str, Any], list_calls: CallLister
) -> None:
    thread = first["channel_id"]

    ada.wait_for_result_in_place(ada.submit_imagine("a meadow", image=None, channel=thread, aspect="16:9"))
    ada.wait_for_result_in_place(ada.submit_imagine("a meadow", image=None, channel=thread, model="stable-image-core"))

    assert [call["body"].get("image") for call in list_calls()[1:]] == [None, None]
