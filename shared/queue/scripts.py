"""The atomic scripts: each a file of Lua behind the words they share, and what a script does with a picture."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from shared.queue.chunks import split_into_chunks
from shared.queue.keys import INCOMING_PICTURE, KEY_PREFIX

SCRIPT_NAMES = (
    *("accept", "cancel", "mark_delivered", "status"),
    *("claim", "finish", "promote", "release", "renew", "start_call", "sweep", "unclaim"),
    "retry_dead_letter",
)


@cache
def load_script(name: str) -> str:
    """Give the text of a script, ready for EVAL with the keys' prefix as its only key."""
    folder = files("shared.queue").joinpath("lua")
    return "\n".join(folder.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in ("lib", name))


def append_script_with_picture(transaction: Any, sha: str, arguments: Iterable[Any], picture: bytes) -> None:
    """Stage a script with the picture that it keeps, in a transaction of either client: the second answer is its own.

    A plain command brings the picture and the script renames it, as Lua would copy an argument twice. Nobody sees the
    name between them, and nothing is left under it.
    """
    transaction.rpush(INCOMING_PICTURE, *split_into_chunks(picture))
    transaction.evalsha(sha, 1, KEY_PREFIX, *arguments)
    transaction.delete(INCOMING_PICTURE)


def is_oom_error(error: Exception) -> bool:
    """Tell a refusal for want of memory, whether of a command, of a transaction or within a script."""
    return "maxmemory" in str(error)
