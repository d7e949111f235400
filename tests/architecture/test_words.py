"""The words of the code: functions are verbs with objects, docstrings do not hang on "what", files stay short.

Well-named Python projects of this size (procrastinate, dramatiq, httpx, warehouse, python-discord/bot) have 1 to 2 % of
function names that begin with a participle, and 0 to 2 % of docstrings with the pronoun "what".
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "shared", "worker", "demo", "tests/support")
MAX_SHARE = 0.03
MAX_LINES = 300

IRREGULAR_PARTICIPLES = re.compile(
    "written|said|shown|told|kept|asked|drawn|held|begun|found|made|taken|given|seen|known|gone|left|heard|built|sent|"
    "stood|lost|meant|done|chosen|forgotten"
)
VERBS_IN_ED = frozenset({"feed", "need", "seed", "speed", "embed"})


@dataclass(frozen=True)
class Definition:
    """A module, class or function, nested ones included."""

    path: str
    name: str
    is_function: bool
    docstring: str | None


def list_source_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def list_definitions() -> Iterator[Definition]:
    for path in list_source_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield Definition(str(path), node.name, is_function=True, docstring=ast.get_docstring(node))
                case ast.ClassDef():
                    yield Definition(str(path), node.name, is_function=False, docstring=ast.get_docstring(node))
                case ast.Module():
                    yield Definition(str(path), path.stem, is_function=False, docstring=ast.get_docstring(node))


def begins_with_participle(name: str) -> bool:
    first_word = name.strip("_").split("_")[0]
    if first_word in VERBS_IN_ED:
        return False
    return bool(IRREGULAR_PARTICIPLES.fullmatch(first_word)) or (first_word.endswith("ed") and len(first_word) > 4)


@pytest.mark.parametrize("name", ["told", "kept_picture", "_written", "opened", "prepared_for"])
def test_a_participle_is_recognised(name: str) -> None:
    assert begins_with_participle(name)


@pytest.mark.parametrize("name", ["send_outcome", "embed_metadata", "seed", "_read", "need_redraw", "tell_bot"])
def test_a_verb_is_no_participle(name: str) -> None:
    assert not begins_with_participle(name)


def test_functions_are_named_by_verbs() -> None:
    functions = [
        definition
        for definition in list_definitions()
        if definition.is_function and not definition.name.startswith("__")
    ]

    participles = [
        f"{definition.path}: {definition.name}" for definition in functions if begins_with_participle(definition.name)
    ]
    assert len(functions) > 500
    assert len(participles) <= MAX_SHARE * len(functions), participles


def test_docstrings_do_not_hang_on_the_pronoun_what() -> None:
    documented = [definition for definition in list_definitions() if definition.docstring]

    with_what = [
        f"{definition.path}: {definition.name}"
        for definition in documented
        if re.search(r"\bwhat\b", str(definition.docstring), re.IGNORECASE)
    ]
    assert len(documented) > 500
    assert len(with_what) <= MAX_SHARE * len(documented), with_what


def test_files_stay_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in list_source_files()}

    assert {
        str(path): lines for path, lines in lengths.items() if lines > MAX_LINES and "migrations" not in path.parts
    } == {}
