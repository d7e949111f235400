"""`make release` in a clone: it refuses what is not ready, and builds what an operator can verify."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from bot.__main__ import main as run_bot_command
from shared import __version__
from tests.architecture.lock import read_requirements
from tests.release.build import check_release
from tests.release.images import PATTERNS, pin_images
from tests.release.version import VERSION_PLACES, ReleaseError, prepare_release, read_versions

ROOT = Path(__file__).resolve().parents[2]
GIT = shutil.which("git") or "git"
DIGEST = f"sha256:{'0a' * 32}"


def copy_files(target: Path, *patterns: str) -> Path:
    for file in (path for pattern in patterns for path in ROOT.glob(pattern)):
        copy = target / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    return target


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "clone"
    subprocess.run([GIT, "clone", "--quiet", "--shared", ROOT, folder], check=True, capture_output=True)
    return folder


def run_in(clone: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.release", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def commit(clone: Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run([GIT, *identity, "commit", "--quiet", "--all", "--message", "Release"], cwd=clone, check=True)


def test_a_release_is_prepared_checked_and_built_with_checksums_and_bills_of_materials(clone: Path) -> None:
    prepared = run_in(clone, "prepare", "99.1.0")
    uncommitted = run_in(clone, "build")
    commit(clone)
    built = run_in(clone, "build")

    assert prepared.returncode == 0, prepared.stderr
    assert (uncommitted.returncode, uncommitted.stdout) == (1, "")
    assert "not committed" in uncommitted.stderr
    assert built.returncode == 0, built.stderr
    assert "Nothing is tagged" in built.stdout
    assert "git push origin v99.1.0" in built.stdout
    dist = {file.name: file for file in (clone / "dist").iterdir()}
    assert dist.keys() == {
        "pentimento-99.1.0.tar.gz",
        "pentimento-99.1.0-py3-none-any.whl",
        "pentimento-bot-99.1.0.cdx.json",
        "pentimento-worker-99.1.0.cdx.json",
        "SHA256SUMS",
    }
    sums = dict(line.split("  ")[::-1] for line in dist["SHA256SUMS"].read_text().splitlines())
    assert sums == {
        name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in dist.items() if name != "SHA256SUMS"
    }
    with zipfile.ZipFile(dist["pentimento-99.1.0-py3-none-any.whl"]) as wheel:
        assert '__version__ = "99.1.0"' in wheel.read("shared/__init__.py").decode()
    with tarfile.open(dist["pentimento-99.1.0.tar.gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "requirements/bot.txt",
        "deploy/systemd/pentimento-bot.service",
        "docker-compose.yml",
        "CHANGELOG.md",
    } <= names
    for part in ("bot", "worker"):
        bill = json.loads(dist[f"pentimento-{part}-99.1.0.cdx.json"].read_text())
        packages = {component["name"]: component for component in bill["components"]}
        assert bill["metadata"]["component"]["version"] == "99.1.0"
        assert {(name, package["version"]) for name, package in packages.items()} == {
            (requirement.name, requirement.version) for requirement in read_requirements(part)
        }
        for requirement in read_requirements(part):
            (reference,) = packages[requirement.name]["externalReferences"]
            assert {one["content"] for one in reference["hashes"]} == requirement.hashes
        needed = {name for entry in bill["dependencies"] for name in entry["dependsOn"]}
        assert needed == packages.keys(), "every package is there because something needs it"


@pytest.mark.parametrize(
    ("version", "reason"),
    [("0.0.9", "does not come after"), (__version__, "does not come after"), ("next", "no version")],
)
def test_only_a_later_version_is_prepared(tmp_path: Path, version: str, reason: str) -> None:
    root = copy_files(tmp_path, "CHANGELOG.md", *VERSION_PLACES)

    with pytest.raises(ReleaseError, match=reason):
        prepare_release(root, version, "2026-12-01")


def test_a_tree_whose_files_say_different_versions_or_whose_changes_have_no_release_is_refused(tmp_path: Path) -> None:
    root = copy_files(tmp_path, "CHANGELOG.md", *VERSION_PLACES)
    (root / "CHANGELOG.md").write_text("## Unreleased\n\n### Added\n\n- This.\n\n## 0.1.0 - 2026-11-29\n")
    subprocess.run([GIT, "init", "--quiet"], cwd=root, check=True)
    subprocess.run([GIT, "add", "."], cwd=root, check=True)
    commit(root)

    with pytest.raises(ReleaseError, match=r"changes above 0\.1\.0"):
        check_release(root)
    prepare_release(root, "99.0.0", "2026-12-01")
    (root / "shared" / "__init__.py").write_text('__version__ = "98.0.0"\n')
    commit(root)
    with pytest.raises(ReleaseError, match=r"shared/__init__\.py says 98\.0\.0"):
        check_release(root)


def test_the_version_is_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(read_versions(ROOT).values()) == {__version__}
    assert run_bot_command(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"pentimento {__version__}, ")


def test_every_image_with_a_tag_is_pinned_by_digest_and_again(tmp_path: Path) -> None:
    root = copy_files(tmp_path, *PATTERNS)
    asked: list[str] = []

    def find_digest(image: str) -> str:
        asked.append(image)
        return DIGEST

    pin_images(root, find_digest)
    first = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    pin_images(root, lambda _: DIGEST)

    assert {"python:3.13-slim", "redis:7.4-alpine", "postgres:17-alpine"} <= set(asked)
    assert first == {path: path.read_text() for path in first}
    for path, text in first.items():
        images = re.findall(r"^(?:ARG PYTHON_IMAGE=| +image: )(\S+)$", text, re.MULTILINE)
        assert all(image.endswith(f"@{DIGEST}") or image.startswith("pentimento-") for image in images), path
        if path.name == "Dockerfile":
            assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]
