"""The processes of an earlier commit, beside those of this one, in the same virtual environment."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.processes import ROOT, Process

_RUN_MODULE = """
import runpy, sys
sys.path.insert(0, {tree!r})
sys.argv = [{module!r}]
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


class HistoryMissingError(Exception):
    """The commit is not at hand; the message says why."""


@dataclass(frozen=True)
class Release:
    """A tree of the product, under a name for logs."""

    name: str
    tree: Path

    def start(self, module: str, number: int, folder: Path, environment: Mapping[str, str]) -> Process:
        """Start the bot or the worker of this release."""
        code = _RUN_MODULE.format(tree=str(self.tree), module=module)
        return Process(f"{module}-{number}-{self.name}", ("-c", code), folder, environment)


THIS_RELEASE = Release("this", ROOT)


@contextlib.contextmanager
def check_out(commit: str) -> Iterator[Release]:
    """Check a commit out into a temporary folder. Raises `HistoryMissingError`."""
    found = find_commit(commit)
    with tempfile.TemporaryDirectory(prefix="pentimento-release-") as folder:
        tree = Path(folder) / "tree"
        _run_git("worktree", "add", "--quiet", "--detach", str(tree), found)
        try:
            yield Release(found[:10], tree)
        finally:
            _run_git("worktree", "remove", "--force", str(tree))


def find_commit(commit: str) -> str:
    """Find the full hash of a commit. Raises `HistoryMissingError`."""
    if shutil.which("git") is None:
        raise HistoryMissingError(
            "The history is not at hand: git is not installed. Install it, and clone the project."
        )
    if not (ROOT / ".git").exists():
        raise HistoryMissingError(
            f"The history is not at hand: {ROOT} is no clone. Clone the project with its history."
        )
    try:
        return _run_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        raise HistoryMissingError(
            f"The history is not at hand: this clone has no commit “{commit}”. "
            "Fetch it (git fetch --unshallow, git fetch --tags), or name another."
        ) from None


def _run_git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
