"""The word list of a server: words, phrases and wildcards that its managers do not want in prompts.

The time of a search is proportional to the length of the prompt and to the number of rules, whatever they are.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bot.domain.text_folding import WILDCARD, fold_text, list_readings
from shared.problems import RejectedError, make_problem
from shared.prompts import replace_surrogates

MAX_RULES: Final = 500
PATTERN_LIMIT: Final = 100
FOLDED_LIMIT: Final = 400
_CACHED_LISTS: Final = 64
_REST_OF_WORD: Final = "[^ ]*?"


@dataclass(frozen=True)
class WordRule:
    """An entry of a word list, as it was typed, and as prompts are compared with it."""

    pattern: str
    folded_pattern: str


class WordList:
    """The rules of a server, compiled."""

    def __init__(self, rules: Iterable[WordRule]) -> None:
        self._rules = [(rule, *_compile(rule.folded_pattern)) for rule in rules]

    def find_rule(self, text: str) -> WordRule | None:
        """Find the first rule that a text matches."""
        return next(iter(self.list_rules(text, limit=1)), None)

    def list_rules(self, text: str, limit: int) -> Sequence[WordRule]:
        """List the rules that a text matches, at most `limit`."""
        found: list[WordRule] = []
        readings = list_readings(text) if self._rules else ()
        for rule, literals, expression in self._rules:
            if any(_matches(reading, literals, expression) for reading in readings):
                found.append(rule)
                if len(found) == limit:
                    break
        return found


def make_rule(pattern: str) -> WordRule:
    """Make a rule of a word or phrase as it was typed, in which `*` stands for any letters of a word.

    Raises `RejectedError`: word_rule_empty, word_rule_too_long.
    """
    typed = " ".join(replace_surrogates(pattern).replace("\0", " ").split())
    folded = re.sub(r"\*+", WILDCARD, fold_text(typed, keeps_wildcards=True)).strip()
    if not folded.replace(WILDCARD, "").strip():
        raise RejectedError(make_problem("word_rule_empty"))
    if len(typed) > PATTERN_LIMIT or len(folded) > FOLDED_LIMIT:
        raise RejectedError(make_problem("word_rule_too_long", limit=PATTERN_LIMIT))
    return WordRule(typed, folded)


@lru_cache(_CACHED_LISTS)
def compile_word_list(rules: tuple[WordRule, ...]) -> WordList:
    """Compile rules, or return the list that was compiled of equal ones lately."""
    return WordList(rules)


def _compile(folded_pattern: str) -> tuple[tuple[str, ...], re.Pattern[str] | None]:
    """Split a pattern at its wildcards into texts that all have to occur; without wildcards, that is enough.

    The first occurrence of each text after the one before is the best one, so the expression never goes back.
    """
    first, *others = literals = tuple(f" {folded_pattern} ".split(WILDCARD))
    if not others:
        return literals, None
    rest = "".join(f"(?>{_REST_OF_WORD}{re.escape(literal)})" for literal in others)
    return literals, re.compile(re.escape(first) + rest)


def _matches(text: str, literals: Sequence[str], expression: re.Pattern[str] | None) -> bool:
    return all(literal in text for literal in literals) and (expression is None or expression.search(text) is not None)
