"""Runs a process with the packages of its image: those in the lock of bot or worker, and none of the tests' or docs'.

Libraries load what they find beside them, for instance psutil, PyYAML and greenlet.
"""

import re
from importlib import metadata
from pathlib import Path
from typing import Final

from demo.processes import ROOT

RUN: Final = """
import runpy, site, sys
folder, module, *arguments = sys.argv[1:]
sys.path.append(folder)
sys.argv[1:] = arguments
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
_LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def link_locked_packages(half: str, folder: Path) -> Path:
    """Fill a folder with links to the installed packages that the lock of `bot` or `worker` names, and return it."""
    folder.mkdir()
    lock = (ROOT / "requirements" / f"{half}.txt").read_text(encoding="utf-8")
    entries = dict[str, Path]()  # several packages may share a folder
    for name in _LOCKED.findall(lock):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform
            continue
        names = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        entries |= {entry: Path(str(distribution.locate_file(entry))) for entry in names}
    for entry, target in entries.items():
        (folder / entry).symlink_to(target)
    return folder


def build_arguments(packages: Path, module: str, *arguments: str) -> tuple[str, ...]:
    """Build the arguments of an interpreter that runs a module with these packages and no others."""
    return ("-S", "-c", RUN, str(packages), module, *arguments)
