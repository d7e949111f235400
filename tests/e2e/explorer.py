"""A person who explores: asked first, started, waited for."""

import base64
import re
from typing import Any, Final

from demo.__main__ import SAMPLE
from demo.first_picture import words_of
from tests.e2e.asker import Asker, custom_ids, until

_OPEN: Final = re.compile(r"\d waits?\b|being painted")


def said(message: dict[str, Any]) -> str:
    return "\n".join(words_of(message))


def explore(asker: Asker, prompt: str = "a castle", **options: Any) -> dict[str, Any]:
    """Use /explore with the sample; the answer is the question whether to start."""
    files = {"image": {"filename": SAMPLE.name, "base64": base64.b64encode(SAMPLE.read_bytes()).decode()}}
    used = asker.use("explore", asker.house.channel, files, prompt=prompt, **options)
    question = asker.private(used)
    assert custom_ids(question) == [f"explore_go:{used}", f"explore_no:{used}"]
    return question


def start(asker: Asker, question: dict[str, Any]) -> str:
    """Start it; the answer is the exploration's id."""
    asker.press(question, "explore_go")
    return custom_ids(question)[0].partition(":")[2]


def sheet(asker: Asker, grid: str, channel: str | None = None) -> dict[str, Any] | None:
    """Find the message of an exploration."""
    posted = asker.messages(channel or asker.house.channel)
    return next((message for message in posted if f"cell:{grid}-01" in custom_ids(message)), None)


def ended(asker: Asker, grid: str, channel: str | None = None) -> dict[str, Any]:
    """Wait until each cell has come to its end, and the message says so."""

    def look() -> dict[str, Any] | None:
        message = sheet(asker, grid, channel)
        return None if message is None or _OPEN.search(said(message)) else message

    return until(look, f"the end of exploration {grid}", 60)


def results(asker: Asker, message: dict[str, Any]) -> list[dict[str, Any]]:
    """List the answers to an exploration's cells."""
    return asker.messages(message["thread"]["id"])
