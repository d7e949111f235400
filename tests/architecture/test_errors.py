"""Every exception of the product has one base and stands in the tree that `shared.errors` draws."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import bot
import shared
import shared.errors
import worker
from shared.errors import PentimentoError

SKIPPED_MODULES = re.compile(r"worker\.celery$|\.migrations(\.|$)")  # these act when they are imported


def import_product_modules() -> Iterator[object]:
    for package in (bot, shared, worker):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not SKIPPED_MODULES.search(info.name):
                yield importlib.import_module(info.name)


def find_exceptions() -> set[type[BaseException]]:
    return {
        value
        for module in import_product_modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseException)
        if value.__module__.split(".")[0] in {"bot", "shared", "worker"}
    }


def find_subclasses(base: type[BaseException]) -> Iterator[tuple[str, str, str]]:
    """Walk the tree of exceptions as (name, name of the base, module)."""
    for child in base.__subclasses__():
        if child.__module__.startswith("tests."):
            continue
        yield child.__name__, base.__name__, child.__module__
        yield from find_subclasses(child)


def read_drawn_tree() -> Iterator[tuple[str, str, str]]:
    """Read the drawing as (name, name of the base, module); each level is indented by four characters."""
    drawing = str(shared.errors.__doc__)
    path = re.findall(r"^    (\w+)$", drawing, re.MULTILINE)
    for branch, name, module in re.findall(r"^    ([ │├└─]+)(\w+) +([\w.]+)", drawing, re.MULTILINE):
        depth = len(branch) // 4
        path[depth:] = [name]
        yield name, path[depth - 1], module


def test_every_exception_of_the_product_has_the_one_base() -> None:
    assert [error for error in find_exceptions() if not issubclass(error, PentimentoError)] == []


def test_every_exception_is_named_an_error() -> None:
    assert [error for error in find_exceptions() if not error.__name__.endswith("Error")] == []


def test_the_tree_of_exceptions_is_drawn_as_it_is() -> None:
    assert len(find_exceptions()) > 10

    assert sorted(read_drawn_tree()) == sorted(find_subclasses(PentimentoError))
