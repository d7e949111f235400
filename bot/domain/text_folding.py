"""Folding of text for a word list: what people read as the same words becomes the same text.

Case, accents, width and style of letters, invisible characters, letters of other scripts that look like Latin ones, and
spaces and punctuation between words make no difference. In scripts without spaces, each character is a word, as is each
emoji. https://www.unicode.org/reports/tr39/#Confusable_Detection
"""

import re
import unicodedata
from typing import Final

WILDCARD: Final = "*"

_SEPARATOR: Final = " "
_CONFUSABLES: Final = {
    "a": "аɑαᴀ",
    "b": "вʙ",
    "c": "сϲᴄ",
    "d": "ԁđᴅ",
    "e": "еεєᴇ",
    "f": "ꜰ",
    "g": "ɡɢ",
    "h": "һнħʜ",
    "i": "іıιɩɪ",
    "j": "јȷᴊ",
    "k": "кκᴋ",
    "l": "ӏłʟ",
    "m": "мᴍ",
    "n": "ηɴ",
    "o": "оοøσօᴏ",
    "p": "рρᴘ",
    "q": "ԛ",
    "r": "ʀ",
    "s": "ѕꜱ",
    "t": "тτŧᴛ",
    "u": "υսᴜ",
    "v": "νѵᴠ",
    "w": "ԝωᴡ",
    "x": "хχ",
    "y": "уүʏ",
    "z": "ᴢ",
    "ae": "æ",
    "oe": "œ",
}
_LETTER_ROWS: Final = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)  # squared, in black circles and squares, of flags
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_LATIN_MARKS: Final = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
_UNSPACED_SCRIPTS: Final = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3040, 0x30FF)),
    *((0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)
_INVISIBLE_LETTERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_DIGITS: Final = str.maketrans("013457", "oieast")
_DISGUISED_WORD: Final = re.compile(r"(?<= )(?=\S{4})(?=\S*[a-z])(?=\S*[013457])[a-z0-9]+(?= )")
_SPACED_LETTERS: Final = re.compile(r"(?<= )[a-z](?: [a-z]){2,}(?= )")


class _CharacterFolder(dict[int, str]):
    """Folds a single character of NFKD text, and remembers it."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def fold_text(text: str, *, keeps_wildcards: bool = False) -> str:
    """Fold text into words with a space before, between and after them; `*` is a part of words if it is to be kept."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    folded = decomposed.translate(_PATTERN_FOLDER if keeps_wildcards else _FOLDER)
    return f" {' '.join(folded.split())} " if folded.strip() else _SEPARATOR


def list_readings(text: str) -> tuple[str, ...]:
    """Fold text in each way in which it may be read: also with digits as letters, and spaced letters as a word."""
    folded = fold_text(text)
    undisguised = _DISGUISED_WORD.sub(lambda word: word[0].translate(_DIGITS), folded)
    joined = _SPACED_LETTERS.sub(lambda letters: letters[0].replace(_SEPARATOR, ""), folded)
    return tuple(dict.fromkeys((folded, undisguised, joined)))


def _fold_character(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    if character in _INVISIBLE_LETTERS or category == "Cf" or _is_within(code, _LATIN_MARKS):
        return ""
    if _is_within(code, ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))):  # they choose a variant of the character before
        return ""
    for start in _LETTER_ROWS:
        if start <= code < start + len(_LETTERS):
            return _LETTERS[code - start]
    if category == "So" or _is_within(code, _UNSPACED_SCRIPTS):
        return f" {character} "
    return _LATIN_BY_CONFUSABLE.get(character, character) if category[0] in "LNM" else _SEPARATOR


def _is_within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


_LATIN_BY_CONFUSABLE: Final = {
    confusable: letters for letters, confusables in _CONFUSABLES.items() for confusable in confusables
}
_FOLDER: Final = _CharacterFolder()
_PATTERN_FOLDER: Final = _CharacterFolder({ord(WILDCARD): WILDCARD})
