"""Reading `.env` into the environment, once, for the settings and for the libraries that read variables themselves."""

import io
import os
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from shared.errors import PentimentoError

ENV_FILE: Final = Path(".env")


class InvalidEnvFileError(PentimentoError):
    """The file cannot be read; the message says why and what to do."""


def load_env_file(path: Path = ENV_FILE) -> frozenset[str]:
    """Set the variables of the file that the environment lacks or has empty, and return their names.

    Without a file, do nothing. Raises `InvalidEnvFileError`.
    """
    values = _read_env_file(path)
    loaded = {name: value for name, value in values.items() if not os.environ.get(name)}
    os.environ.update(loaded)
    return frozenset(loaded)


def list_env_file_names(path: Path = ENV_FILE) -> tuple[str, ...]:
    """List the variables that the file sets. Raises `InvalidEnvFileError`."""
    return tuple(_read_env_file(path))


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise InvalidEnvFileError(_describe_encoding(path)) from None
    except OSError as error:
        raise InvalidEnvFileError(
            f"{path} cannot be read ({error.strerror}). Make it a file that the user of this process may read."
        ) from None
    if "\0" in text:
        raise InvalidEnvFileError(_describe_encoding(path))
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


def _describe_encoding(path: Path) -> str:
    return f"{path} is not a text file in UTF-8. Save it again with the encoding UTF-8, not Unicode, UTF-16 or ANSI."
