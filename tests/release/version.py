"""The version, which stands in a few files: reading it, and preparing the next one."""

import re
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

UNRELEASED: Final = "## Unreleased"

# Each file with the pattern of the version in it; the changelog is dated besides.
VERSION_PLACES: Final = {
    "pyproject.toml": r'(?m)^(version = ")([^"]+)(")',
    "shared/__init__.py": r'(?m)^(__version__ = ")([^"]+)(")',
    "deploy/kubernetes/overlays/example/kustomization.yaml": r"(?m)(newTag: )([^ ]+)( \})",
}


class ReleaseError(Exception):
    """A release cannot be made; the message says what is wrong and what to do."""


def read_versions(root: Path) -> dict[str, str]:
    """Read the version in each file that has it. Raises `ReleaseError` for a file with none or with several."""
    versions = {}
    for name, pattern in VERSION_PLACES.items():
        found = {match[2] for match in re.finditer(pattern, (root / name).read_text(encoding="utf-8"))}
        if len(found) != 1:
            raise ReleaseError(f"{name} has {len(found)} versions. Write one there, as in pyproject.toml.")
        versions[name] = found.pop()
    return versions


def read_release(root: Path) -> tuple[str, str]:
    """Read the newest release in the changelog: its version and its date.

    Raises `ReleaseError` while there are changes above it.
    """
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.search(r"^## (\d\S*) - (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    if heading is None:
        raise ReleaseError("CHANGELOG.md has no heading of a release. Write one, as in: ## 0.1.0 - 2026-11-29.")
    above = text[: heading.start()].partition(UNRELEASED)[2]
    if above.strip():
        raise ReleaseError(
            f"CHANGELOG.md has changes above {heading[1]}. Prepare a release with them: make release VERSION=…"
        )
    return heading[1], heading[2]


def prepare_release(root: Path, version: str, date: str) -> None:
    """Write the version into its files, and give the changes that are not released yet its heading.

    Raises `ReleaseError` for a version that is none or not the next, and for a changelog without changes.
    """
    current = read_versions(root)["pyproject.toml"]
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    try:
        is_later = Version(version) > Version(current)
    except InvalidVersion:
        raise ReleaseError(f"{version} is no version. Write one as 0.2.0.") from None
    if not is_later:
        raise ReleaseError(f"{version} does not come after {current}. Choose a later version.")
    before, heading, after = text.partition(UNRELEASED)
    if not re.match(r"\s*### ", after):
        raise ReleaseError("CHANGELOG.md has no unreleased changes. Describe them first.")
    changelog.write_text(f"{before}{heading}\n\n## {version} - {date}{after}", encoding="utf-8")
    for name, pattern in VERSION_PLACES.items():
        path = root / name
        replaced = re.sub(pattern, rf"\g<1>{version}\g<3>", path.read_text(encoding="utf-8"))
        path.write_text(replaced, encoding="utf-8")
