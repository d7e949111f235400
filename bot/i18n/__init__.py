"""Every sentence the bot says, in every language: a language is one file of this folder.

A file has sections of sentences; `problem` holds those of `shared.problems` (the English ones stand there, so `en.toml`
has only those that need a plural). A sentence that counts is a table of `one` and `other`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from shared.problems import MESSAGES, Fact, Problem

DEFAULT_LANGUAGE: Final = "en"


class Messages:
    """The sentences of one language."""

    def __init__(self, language: str, messages: Mapping[str, Any]) -> None:
        self.language = language
        self._messages = messages

    def text(self, key: str, /, **facts: Fact) -> str:
        """Fill in the sentence `section.name`; `count` chooses its plural. Raises KeyError where there is none."""
        found = self._find_message(key)
        if found is None:
            raise KeyError(f"{self.language}.toml has no sentence {key!r}")
        return self._select_plural(found, facts).format(**facts)

    def format_problem(self, problem: Problem) -> str:
        """Say in three beats what is wrong; options and choices bear the names that the person sees."""
        sentence = self._find_message(f"problem.{problem.code}") or MESSAGES[problem.code]
        field = problem.facts.get("field")
        facts = {name: self._localize_fact(name, value, field) for name, value in problem.facts.items()}
        return self._select_plural(sentence, problem.facts).format(**facts)

    def format_problems(self, problems: Sequence[Problem]) -> list[str]:
        """Say everything that is wrong: one sentence alone, or a heading and a sentence each."""
        sentences = [self.format_problem(problem) for problem in problems]
        return sentences if len(sentences) == 1 else [self.text("refused.several", count=len(sentences)), *sentences]

    def get_option_name(self, field: str) -> str:
        """Name the option that fills this field of a request."""
        return self.text(f"option.{field}.name")

    def get_choice_label(self, field: str, value: str) -> str:
        """Label one choice of an option; those without a label of their own are labelled with their value."""
        label = self._messages["choice"].get(field, {}).get(value, value)
        return str(label)

    def _find_message(self, key: str) -> Any:
        node: Any = self._messages
        for name in key.split("."):
            node = node.get(name) if isinstance(node, Mapping) else None
        return node

    def _select_plural(self, sentence: str | Mapping[str, str], facts: Mapping[str, Fact]) -> str:
        if isinstance(sentence, str):
            return sentence
        return sentence["one" if facts["count"] in self._messages["language"]["ones"] else "other"]

    def _localize_fact(self, name: str, value: Fact, field: Fact | None) -> Fact:
        if name == "field" and value in self._messages["option"]:
            return self.get_option_name(str(value))
        if name in {"mode", "other"}:
            return self.get_choice_label("init_image_mode", str(value))
        if name in {"value", "choices"} and isinstance(value, str):
            return ", ".join(self.get_choice_label(str(field), part) for part in value.split(", "))
        if name == "permissions":
            return ", ".join(self.text(f"permission.{permission}") for permission in str(value).split(", "))
        if name in {"size", "limit"} and isinstance(value, str):
            return self._localize_size(value)
        return str(self._messages["fact"].get(value, value))

    def _localize_size(self, written: str) -> str:
        amount, _, unit = written.partition(" ")
        decimal = amount.replace(".", self._messages["language"]["decimal"])
        return " ".join(filter(None, (decimal, self._messages["unit"].get(unit, unit))))


@cache
def list_languages() -> tuple[str, ...]:
    """All languages there are, English first."""
    names = (entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
    return tuple(
        sorted((name.removesuffix(".toml") for name in names), key=lambda name: (name != DEFAULT_LANGUAGE, name))
    )


def load_messages(locale: str) -> Messages:
    """The sentences for a Discord locale such as `fr` or `es-419`: of that very language, its stem, or English."""
    wanted = (locale, locale.partition("-")[0], DEFAULT_LANGUAGE)
    return _load_language(next(language for language in wanted if language in list_languages()))


@cache
def _load_language(language: str) -> Messages:
    text = files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Messages(language, tomllib.loads(text))
