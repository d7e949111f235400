"""The sentences as they are in the files of `shared.i18n`, for tests that compare languages, problems and facts."""

import string
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from shared.i18n.messages import DEFAULT_LANGUAGE


def read_messages(language: str) -> dict[str, Any]:
    """Read a language's file."""
    return tomllib.loads(files("shared.i18n").joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def list_sentences(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """List every sentence with its key; one with a plural comes in both its forms."""
    for name, value in node.items():
        if isinstance(value, Mapping) and not ({"one", "other"} & set(value)):
            yield from list_sentences(value, f"{path}{name}.")
        elif isinstance(value, Mapping):
            assert set(value) == {"one", "other"}, f"{path}{name}"
            yield from ((f"{path}{name}", value[form]) for form in ("one", "other"))
        elif isinstance(value, str):
            yield f"{path}{name}", value


def find_placeholders(sentence: str) -> set[tuple[str, str]]:
    """Find each placeholder's fact and how it is written."""
    return {(name, kind or "") for _, name, kind, _ in string.Formatter().parse(sentence) if name}


def find_facts(sentence: str) -> set[str]:
    """Find the facts that a sentence names."""
    return {name for name, _ in find_placeholders(sentence)}


def list_problem_facts() -> dict[str, set[str]]:
    """List the facts that each problem's sentence names, by its code."""
    found: dict[str, set[str]] = {}
    for code, sentence in list_sentences(read_messages(DEFAULT_LANGUAGE)["problem"]):
        found.setdefault(code, set()).update(find_facts(sentence))
    return found
