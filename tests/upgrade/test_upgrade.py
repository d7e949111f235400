"""The processes of the commit that the newest snapshot was taken of, into those of this tree and back."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import ROOT
from tests.upgrade import releases
from tests.upgrade.releases import THIS_RELEASE, HistoryMissingError, check_out, find_commit
from tests.upgrade.rollover import run_upgrade_test

COMMIT_FILES = sorted((ROOT / "tests" / "compat").glob("*/commit.txt"))


def test_a_commit_that_is_not_at_hand_is_reported_in_words() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrade", "--from", "no-such-commit"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("The history is not at hand: ")
    assert "Traceback" not in done.stderr


def test_a_tree_without_history_is_reported_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "ROOT", tmp_path)

    with pytest.raises(HistoryMissingError, match="is no clone"):
        find_commit("HEAD")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("commit_file", COMMIT_FILES, ids=lambda file: file.parent.name)
def test_every_request_is_answered_once_across_an_upgrade_and_back(commit_file: Path, tmp_path: Path) -> None:
    commit = commit_file.read_text(encoding="utf-8").strip()
    try:
        find_commit(commit)
    except HistoryMissingError as error:
        pytest.skip(str(error))
    said: list[str] = []

    with check_out(commit) as earlier:
        run_upgrade_test(earlier, THIS_RELEASE, tmp_path / "logs", 12, said.append)

    assert said[0].endswith("has no /batch, /budget, /edit, /round: left out")
    assert said[-1] == "28 requests in all, 28 answers: none lost, none twice"  # four are of explorations
