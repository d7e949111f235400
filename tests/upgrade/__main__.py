"""`make upgrade-test FROM=<commit>`: the processes of that commit into those of this tree, and back.

python -m tests.upgrade --from HEAD~10 --jobs 40

Requests are brought to every stage (being prepared, waiting, running, finished, delivered) under one release, whose
processes are then replaced by those of the other in the documented order. Beside them are an exploration, edits, a
batch and a contest, as far as the earlier commit has them. Exit codes: 0, every request got exactly one answer, both
ways; 1, not so; 2, the commit is not at hand.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.upgrade.releases import THIS_RELEASE, HistoryMissingError, check_out
from tests.upgrade.rollover import run_upgrade_test


def main() -> int:
    """Run the test and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="commit", required=True, help="the earlier commit, tag or branch")
    parser.add_argument("--jobs", type=int, default=40, help="how many requests each way")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pentimento-upgrade-"))
    try:
        with check_out(arguments.commit) as earlier:
            run_upgrade_test(earlier, THIS_RELEASE, folder, arguments.jobs, print)
    except HistoryMissingError as error:
        print(error, file=sys.stderr)
        return 2
    except AssertionError as error:
        print(f"{error}\nThe logs are in {folder}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
