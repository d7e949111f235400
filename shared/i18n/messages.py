"""The sentences of each language, which is one TOML file of this folder.

A sentence is found by its section and its name: `queue.title`. One that depends on a number is a table of `one` and
`other`, chosen by the fact `count`. The section `problem` has one sentence for each code of `shared.problems`; there a
placeholder may say, after a colon, what its fact is, as may one of the section `notes`:

    {left:amount}               an amount of a budget, in dollars or pictures
    {count:fitting}             a sentence about so many requests that would fit, nothing for none
    {limit:number}              a number, perhaps with a unit, written as in this language
    {field:option}              a field of a request, shown as the option that fills it
    {mode:choice sampler}       one or several values of the field `sampler`, shown as its choices
    {choices:choice {field}}    the same for the field that the fact `field` names
    {permissions:permission}    one or several permissions by their names in Discord's API
    {models:term}               a value that may be in the section `term`
"""

import string
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from shared.notes import Note
from shared.problems import UNKNOWN_PROBLEM, Fact, Problem

DEFAULT_LANGUAGE: Final = "en"


class Messages:
    """The sentences of one language."""

    def __init__(self, language: str, sections: Mapping[str, Any]) -> None:
        self.language = language
        self._sections = sections

    def text(self, key: str, /, **facts: Fact) -> str:
        """Fill in the sentence `section.name`. Raises KeyError if there is none."""
        return self._find_sentence(key, facts).format(**facts)

    def format_problem(self, problem: Problem, *, api_names: bool = False) -> str:
        """Describe a problem: what happened, why, and what to do.

        With `api_names`, options and choices keep the names of the request's fields, as on the worker's command line.
        Another release may know codes and facts that this one does not; the sentence then says so.
        """
        sentence = self._format_facts(f"problem.{problem.code}", problem.facts, api_names=api_names)
        return self.text(f"problem.{UNKNOWN_PROBLEM}", code=problem.code) if sentence is None else sentence

    def format_problems(self, problems: Sequence[Problem]) -> list[str]:
        """Describe all problems: one sentence alone, or a heading and a sentence for each."""
        sentences = [self.format_problem(problem) for problem in problems]
        return sentences if len(sentences) == 1 else [self.text("errors.several", count=len(sentences)), *sentences]

    def format_notes(self, notes: Sequence[Note]) -> list[str]:
        """Format notes to a requester, without those that only another release knows."""
        sentences = (self._format_facts(f"notes.{note.code}", note.facts) for note in notes)
        return [sentence for sentence in sentences if sentence is not None]

    def get_option_name(self, field: str) -> str:
        """Get the name of the option that fills this field of a request."""
        return self.text(f"option.{field}.name")

    def get_choice_label(self, field: str, value: str, default: str = "") -> str:
        """Get the label of one choice of an option; if it has none, the default or the value itself."""
        return str(self._sections["choice"].get(field, {}).get(value, default or value))

    def list_choices(self, field: str) -> Mapping[str, str]:
        """List the choices of an option that have a label, with it."""
        return dict(self._sections["choice"].get(field, {}))

    def get_term(self, value: str) -> str:
        """Get a term in this language, or the value itself if it is no term."""
        return str(self._sections["term"].get(value, value))

    def format_number(self, written: str) -> str:
        """Format a number that may have a unit, such as `31.5 MiB`."""
        number, _, unit = written.partition(" ")
        number = number.replace(".", self.text("language.decimal"))
        return f"{number} {self._sections['unit'].get(unit, unit)}" if unit else number

    def format_amount(self, written: str) -> str:
        """Format an amount of a budget: `usd 1500000`, in millionths of a dollar, or `pictures 3`."""
        unit, _, number = written.partition(" ")
        if not number.isdecimal():
            return written
        count = int(number)
        return self.format_price(count / 1e6) if unit == "usd" else self.text("amount.pictures", count=count)

    def format_date(self, written: str) -> str:
        """Format a date such as `2027-01-15`, or a month such as `2027-01`."""
        year, month, *days = written.split("-")
        name = self._sections["language"]["months"][int(month) - 1]
        if not days:
            return self.text("language.month", month=name, year=year)
        day = self.text("language.first_day") if int(days[0]) == 1 else int(days[0])
        return self.text("language.date", day=day, month=name, year=year)

    def format_price(self, dollars: float) -> str:
        """Format a price in US dollars, in whole cents or, where that is too coarse, in hundredths of a cent."""
        digits = f"{dollars:.2f}" if round(dollars, 2) == round(dollars, 4) else f"{dollars:.4f}"
        return self.text("amount.price", amount=self.format_number(digits))

    def _format_facts(self, key: str, facts: Mapping[str, Fact], *, api_names: bool = False) -> str | None:
        """Fill in a sentence whose placeholders say how to write each fact; None if this release does not know it."""
        formatter = _FactFormatter(self, api_names=api_names)
        try:
            return formatter.vformat(self._find_sentence(key, facts), (), facts)
        except (LookupError, ValueError):
            return None

    def _find_sentence(self, key: str, facts: Mapping[str, Fact]) -> str:
        found: Any = self._sections
        for name in key.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and "other" in found:
            found = found["one" if facts["count"] in self._sections["language"]["ones"] else "other"]
        if not isinstance(found, str):
            raise KeyError(f"{self.language}.toml has no sentence {key!r}")
        return found


class _FactFormatter(string.Formatter):
    """Writes each fact of a problem or a note as the placeholder says that it is to be written."""

    def __init__(self, messages: Messages, *, api_names: bool) -> None:
        self._messages = messages
        self._api_names = api_names
        self._writers: Mapping[str, Callable[[str], str]] = {
            "": str,
            "number": messages.format_number,
            "term": messages.get_term,
            "amount": messages.format_amount,
            "fitting": self._describe_fitting,
            "permission": self._name_permissions,
        }

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(value)
        kind, _, field = format_spec.partition(" ")
        match kind:
            case "option":
                return text if self._api_names else self._name_options(text)
            case "choice":
                return text if self._api_names else self._label_choices(field, text)
            case _ if kind in self._writers:
                return self._writers[kind](text)
            case _:
                raise ValueError(f"{kind!r} is not a kind of fact")

    def _describe_fitting(self, count: str) -> str:
        return self._messages.text("amount.fitting", count=int(count)) if int(count) else ""

    def _name_permissions(self, names: str) -> str:
        return ", ".join(self._messages.text(f"permission.{name}") for name in names.split(", "))

    def _name_options(self, fields: str) -> str:
        return ", ".join(self._messages.get_option_name(field) for field in fields.split(", "))

    def _label_choices(self, field: str, values: str) -> str:
        return ", ".join(self._messages.get_choice_label(field, value) for value in values.split(", "))


def describe_problem(problem: Problem) -> str:
    """Describe a problem for a terminal or a log: in English, with the names of the request's fields."""
    return load_messages(DEFAULT_LANGUAGE).format_problem(problem, api_names=True)


def load_messages(locale: str) -> Messages:
    """Load the messages for a Discord locale such as `fr` or `es-419`: of that language, of its stem, or English."""
    candidates = (locale, locale.partition("-")[0], DEFAULT_LANGUAGE)
    return _load_language(next(language for language in candidates if language in list_languages()))


@cache
def list_languages() -> tuple[str, ...]:
    """List all languages, English first."""
    names = [entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_LANGUAGE, name)))


@cache
def _load_language(language: str) -> Messages:
    return Messages(language, tomllib.loads(_FOLDER.joinpath(f"{language}.toml").read_text(encoding="utf-8")))


_FOLDER: Final = files("shared.i18n")
