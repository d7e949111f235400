"""The release, the format of its stored data, Python, and the libraries."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from shared import __version__
from shared.stored_format import CURRENT_FORMAT


def describe_version(libraries: Iterable[str]) -> str:
    """Describe the release and its surroundings in two lines; a library that is not installed is left out."""
    installed = [f"{name} {found}" for name in libraries if (found := _find_version(name))]
    parts = [f"Python {platform.python_version()}", *installed, f"{platform.system()} {platform.machine()}"]
    return f"pentimento {__version__}, stored format {CURRENT_FORMAT}\n{', '.join(parts)}"


def _find_version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
