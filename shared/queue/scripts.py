"""The Lua scripts that change the queue atomically, and the transaction that brings a picture to one of them."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Protocol

from shared.pictures.reference import PictureReference
from shared.queue.chunks import split_into_chunks
from shared.queue.keys import KeyNames

LIBRARIES: Final = ("lib", "fair_order", "stages", "accounts")
"""The files of functions that are prepended to each script, in this order."""


class RegisteredScript(Protocol):
    """A script that redis-py has registered, of its blocking or its asyncio client."""

    @property
    def script(self) -> Any: ...

    @property
    def sha(self) -> str: ...


def list_scripts() -> list[str]:
    """List the names of all scripts, of both halves."""
    names = (file.name.removesuffix(".lua") for file in files("shared.queue").joinpath("lua").iterdir())
    return sorted(name for name in names if name not in LIBRARIES)


@cache
def load_script(name: str) -> str:
    """Load the text of a script behind the libraries, ready for EVAL with the prefix of all keys as its only key."""
    folder = files("shared.queue").joinpath("lua")
    return "\n".join(folder.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in (*LIBRARIES, name))


def append_script_with_picture(
    transaction: Any,
    names: KeyNames,
    script: RegisteredScript,
    arguments: Iterable[Any],
    picture: bytes | PictureReference,
) -> None:
    """Append a script and the picture, or the reference to it, that it stores to a transaction of either client.

    A plain command pushes the picture and the script renames its key, because Lua would copy an argument twice. The key
    exists only within the transaction. The script is loaded in the same transaction: a pipeline of redis-py does not
    recover from NOSCRIPT by itself.
    """
    transaction.script_load(script.script)
    if isinstance(picture, PictureReference):
        transaction.set(names.incoming_picture, picture.to_json())
    else:
        transaction.rpush(names.incoming_picture, *split_into_chunks(picture))
    transaction.evalsha(script.sha, 1, names.prefix, *arguments)
    transaction.delete(names.incoming_picture)


def get_script_reply(replies: list[Any]) -> Any:
    """Get the script's reply from the replies of a transaction that `append_script_with_picture` has filled."""
    _, _, reply, _ = replies
    return reply


def list_picture_arguments(picture: bytes | PictureReference | None) -> Sequence[Any]:
    """List the arguments by which a script stores a picture itself, or the reference to it behind an empty one."""
    if isinstance(picture, PictureReference):
        return [b"", picture.to_json()]
    return split_into_chunks(picture or b"")


def is_wrong_type_error(error: Exception) -> bool:
    """Tell whether Redis refused a command for lists because the key holds the reference to a picture."""
    return str(error).startswith("WRONGTYPE")


def is_oom_error(error: Exception) -> bool:
    """Tell whether Redis refused a command, a transaction or a script because it has reached maxmemory."""
    return "maxmemory" in str(error)
