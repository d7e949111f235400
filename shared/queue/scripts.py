"""The atomic scripts: each a file of Lua behind the words they share."""

from functools import cache
from importlib.resources import files

NAMES = (
    *("accept", "cancel", "deliver", "standing"),
    *("begin", "claim", "disown", "finish", "promote", "release", "renew", "sweep"),
    "retry",
)


@cache
def script(name: str) -> str:
    """Give the text of a script, ready for EVAL with the keys' prefix as its only key."""
    folder = files("shared.queue").joinpath("lua")
    return "\n".join(folder.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in ("words", name))
