"""Building a release into dist/: source archive, wheel, bills of materials, and the checksums of all of them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.release.sbom import PARTS, build_sbom
from tests.release.version import ReleaseError, read_release, read_versions

CHECKSUMS: Final = "SHA256SUMS"


def check_release(root: Path) -> str:
    """Check that a release can be made of this tree, and return its version. Raises `ReleaseError`."""
    if changed := run_git(root, "status", "--porcelain"):
        raise ReleaseError(f"These files are not committed. Commit or remove them first:\n{changed}")
    version, _ = read_release(root)
    different = {name: found for name, found in read_versions(root).items() if found != version}
    if different:
        found = ", ".join(f"{name} says {other}" for name, other in different.items())
        raise ReleaseError(f"The newest release in CHANGELOG.md is {version}, but {found}. Write the same everywhere.")
    if run_git(root, "tag", "--list", f"v{version}"):
        raise ReleaseError(f"v{version} is tagged already. Prepare the next release: make release VERSION=…")
    return version


def build_release(root: Path) -> list[Path]:
    """Build everything into an empty dist/ and return the files, the checksums last. Raises `ReleaseError`.

    The same commit gives the same files: times are those of the commit.
    """
    folder = root / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    epoch = int(run_git(root, "show", "--no-patch", "--format=%ct", "HEAD"))
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=root,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise ReleaseError(f"The packages cannot be built: {built.stderr.strip()}")
    write_sboms(root, epoch)
    files = sorted(folder.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    return [*files, folder / CHECKSUMS]


def write_sboms(root: Path, epoch: int | None = None) -> list[Path]:
    """Write the bill of materials of each part to dist/, with the time of the commit. Raises `ReleaseError`."""
    version = read_versions(root)["pyproject.toml"]
    time = epoch or int(run_git(root, "show", "--no-patch", "--format=%ct", "HEAD"))
    files = [root / "dist" / f"pentimento-{part}-{version}.cdx.json" for part in PARTS]
    (root / "dist").mkdir(exist_ok=True)
    for part, file in zip(PARTS, files, strict=True):
        file.write_text(build_sbom(root, part, time), encoding="utf-8")
    return files


def tag_release(root: Path, version: str) -> None:
    """Tag the commit with the version. Raises `ReleaseError`."""
    run_git(root, "tag", "--annotate", f"v{version}", "--message", f"Pentimento {version}")


def run_git(root: Path, *arguments: str) -> str:
    """Run git and return what it prints. Raises `ReleaseError`."""
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ReleaseError(f"git {arguments[0]} failed. It said: {ran.stderr.strip()}")
    return ran.stdout.strip()
