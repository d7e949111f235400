"""Runs a half of the product with other constants, for tests that cannot wait as long as production does."""

import pkgutil
from collections.abc import Mapping


def build_arguments(half: str, constants: Mapping[str, float]) -> tuple[str, str]:
    """Build the arguments of a Python that runs the bot or the worker as `-m` does, once it has set the constants.

    Constants are named with their modules (`bot.health.PROBE_TIMEOUT_SECONDS`). Raises `AttributeError` if there is
    none of a name.
    """
    lines = ["import importlib, runpy"]
    for name, value in constants.items():
        pkgutil.resolve_name(name)
        module, _, constant = name.rpartition(".")
        lines.append(f"importlib.import_module({module!r}).{constant} = {value!r}")
    return "-c", "; ".join([*lines, f"runpy.run_module({half!r}, run_name='__main__')"])
