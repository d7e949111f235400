"""Secrets in files: `NAME_FILE` names a file with the value of `NAME`, as containers and systemd hand them over.

A secret in a file is in no listing of a container and no environment that another process can read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.errors import PentimentoError

SUFFIX: Final = "_FILE"
MAX_SECRET_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class SecretFiles:
    """The values that were read, by the names of their settings, and two sentences about each that could not be."""

    values: Mapping[str, str]
    faults: Mapping[str, str]


class SecretFileError(PentimentoError):
    """A secret cannot be read; the message is two sentences that follow its name."""


def read_secret_files(names: Iterable[str], environment: Mapping[str, str]) -> SecretFiles:
    """Read the file of each of these settings whose `NAME_FILE` is set. An empty variable counts as not set.

    The same value in both places is no fault: what was read before may be in the environment already.
    """
    values, faults = dict[str, str](), dict[str, str]()
    for name in names:
        path = environment.get(f"{name}{SUFFIX}", "")
        if not path:
            continue
        try:
            value = _read_secret(Path(path))
        except SecretFileError as fault:
            faults[name] = f"{name}{SUFFIX} {fault}."
        else:
            values[name] = value
            if environment.get(name, "") not in {"", value}:
                faults[name] = f"{name} and {name}{SUFFIX} are both set. Remove one of them."
    return SecretFiles(values, faults)


def _read_secret(path: Path) -> str:
    """Read a secret without the line break at its end, which editors and `echo` add."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except FileNotFoundError:
        raise SecretFileError("names a file that does not exist. Create it, or correct the path") from None
    except UnicodeDecodeError:
        raise SecretFileError("names a file that is not text in UTF-8. Save it again with the encoding UTF-8") from None
    except OSError as error:
        raise SecretFileError(
            f"names what cannot be read ({error.strerror}). Make it a file that the user of this process may read"
        ) from None
    if not text.strip():
        raise SecretFileError("names an empty file. Write the value into it")
    if len(data) > MAX_SECRET_BYTES or "\n" in text or "\0" in text:
        raise SecretFileError("names a file with more than one line. Leave only the value in it")
    return text
