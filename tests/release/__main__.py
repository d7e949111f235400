"""`make release`, `make sbom` and `make pin-images`.

python -m tests.release prepare 0.2.0   write the version into its files and into the changelog, to be committed
python -m tests.release build [--tag]   check the tree, build dist/, and print the command for the tag, or run it
python -m tests.release sbom            write the bills of materials to dist/
python -m tests.release pin-images      write digests behind the tags of images

Exit codes: 0, done; 1, refused, with the reason.
"""

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Final

from tests.release.build import build_release, check_release, tag_release, write_sboms
from tests.release.images import fetch_digest, pin_images
from tests.release.version import ReleaseError, prepare_release

ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run a command and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare").add_argument("version")
    commands.add_parser("build").add_argument("--tag", action="store_true", help="tag the commit")
    commands.add_parser("sbom")
    commands.add_parser("pin-images")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "prepare":
                today = dt.datetime.now(dt.UTC).date().isoformat()
                prepare_release(ROOT, arguments.version, today)
                print(f"Prepared {arguments.version}. Read the changelog, commit, and run: make release")
            case "build":
                run_build(may_tag=arguments.tag)
            case "sbom":
                for file in write_sboms(ROOT):
                    print(file.relative_to(ROOT))
            case _:
                for name, digest in pin_images(ROOT, fetch_digest).items():
                    print(f"{name}@{digest}")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run_build(*, may_tag: bool) -> None:
    """Check, build, and tag or print how to. Raises `ReleaseError`."""
    version = check_release(ROOT)
    for file in build_release(ROOT):
        print(file.relative_to(ROOT))
    if may_tag:
        tag_release(ROOT, version)
        print(f"Tagged v{version}. To publish it: git push origin v{version}")
    else:
        print(f"Nothing is tagged or published. To go on: make release TAG=1, then git push origin v{version}")


if __name__ == "__main__":
    sys.exit(main())
