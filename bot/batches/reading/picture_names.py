"""Finding the picture that a cell names, although Discord, systems and people write its name differently.

Discord replaces spaces by underscores and leaves out characters such as brackets. macOS writes an accent as a character
of its own. Tables have paths of the computer on which they were made, or names without an extension.
"""

import difflib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bot.batches.reading.limits import list_names, shorten_text
from bot.batches.reading.values import PictureRef
from shared.problems import RejectedError, make_problem

EXTENSIONS: Final = ("png", "jpg", "jpeg", "jfif", "webp", "gif", "avif", "heic", "heif")
"""Extensions by which a name is recognised as that of a picture."""

_MAX_SEARCHES: Final = 20
_Key = Callable[[str], str]


class PictureIndex:
    """The pictures of a batch by their names."""

    def __init__(self, pictures: Sequence[PictureRef]) -> None:
        self._paths_by_letters = {_fold_letters(picture.path): picture.path for picture in pictures}
        self._searches_left = _MAX_SEARCHES
        self._by_key: list[tuple[_Key, dict[str, list[PictureRef]]]] = [
            (make_key, _group_by(pictures, make_key)) for make_key in _KEYS
        ]

    def find_picture(self, name: str) -> PictureRef:
        """Find the picture with this name, or the one with the name nearest in writing.

        Raises `RejectedError` if there is none, or if several fit equally well.
        """
        for make_key, pictures_by_key in self._by_key:
            key = make_key(_clean_path(name))
            found = pictures_by_key.get(key, []) if key else []
            if len(found) > 1:
                found = _compare_folders(found, name) or found
            if len(found) == 1:
                return found[0]
            if found:
                raise RejectedError(
                    make_problem(
                        "batch_picture_ambiguous",
                        name=shorten_text(name),
                        names=list_names(picture.path for picture in found),
                    )
                )
        if name.strip().lower().startswith(("http://", "https://")):
            raise RejectedError(make_problem("batch_picture_link", name=shorten_text(name)))
        near = self._find_near_names(name)
        if near:
            raise RejectedError(make_problem("batch_picture_missing_near", name=shorten_text(name), names=near))
        raise RejectedError(make_problem("batch_picture_missing", name=shorten_text(name)))

    def has_picture(self, name: str) -> bool:
        """Tell whether exactly one picture has this name."""
        try:
            self.find_picture(name)
        except RejectedError:
            return False
        return True

    def _find_near_names(self, name: str) -> str:
        """Find names that are nearly the same; for the first misses, as each comparison takes milliseconds."""
        self._searches_left -= 1
        if self._searches_left < 0:
            return ""
        near = difflib.get_close_matches(_fold_letters(_clean_path(name)), self._paths_by_letters, n=3)
        return ", ".join(shorten_text(self._paths_by_letters[folded]) for folded in near)


def is_picture_name(text: str) -> bool:
    """Tell whether a text looks like the name of a picture's file."""
    stem, dot, extension = text.strip().rpartition(".")
    return bool(stem and dot) and extension.lower() in EXTENSIONS and "\n" not in text


def strip_extension(name: str) -> str:
    """Remove the extension of a picture's file, if the name has one."""
    return name.strip().rpartition(".")[0] if is_picture_name(name) else name


def _clean_path(text: str) -> str:
    """Write a path with `/` and without the spaces and quotation marks around it."""
    return text.strip().strip("\"'“”«»\u00a0 ").replace("\\", "/")


def _get_name(path: str) -> str:
    return path.rpartition("/")[2]


def _fold_case(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


def _fold_letters(path: str) -> str:
    """Leave only letters and digits of a name, without accents, and its extension."""
    stem, dot, extension = _get_name(path).rpartition(".")
    if not dot or extension.lower() not in EXTENSIONS:
        stem, extension = _get_name(path), ""
    kind = {"jpeg": "jpg", "jfif": "jpg", "heif": "heic"}.get(extension.lower(), extension.lower())
    return f"{_fold_stem(stem)}.{kind}" if _fold_stem(stem) else ""


def _fold_stem(stem: str) -> str:
    decomposed = unicodedata.normalize("NFKD", stem.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def _fold_letters_of_stem(path: str) -> str:
    return _fold_letters(path).rpartition(".")[0]


_KEYS: Final[tuple[_Key, ...]] = (
    str,
    _fold_case,
    _get_name,
    lambda path: _fold_case(_get_name(path)),
    _fold_letters,
    _fold_letters_of_stem,
)
"""Ways to write a name, from the most to the least exact one."""


def _group_by(pictures: Iterable[PictureRef], make_key: _Key) -> dict[str, list[PictureRef]]:
    groups: defaultdict[str, list[PictureRef]] = defaultdict(list)
    for picture in pictures:
        groups[make_key(picture.path)].append(picture)
    return groups


def _compare_folders(found: Sequence[PictureRef], name: str) -> list[PictureRef]:
    """Choose those with the most folders before the name in common."""
    wanted = _split_folders(_clean_path(name))
    shared = [_count_common(_split_folders(picture.path), wanted) for picture in found]
    most = max(shared)
    return [picture for picture, count in zip(found, shared, strict=True) if most and count == most]


def _split_folders(path: str) -> list[str]:
    return [_fold_stem(folder) for folder in reversed(path.split("/")[:-1])]


def _count_common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
