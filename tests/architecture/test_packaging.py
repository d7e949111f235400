"""The wheel: it has every file that the product reads, and commands that start. And the hooks for Git."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_every_file_of_the_product(wheel: Path) -> None:
    packages = ["bot", "shared", "worker"]
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", *packages], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tracked = {name for name in listed.stdout.split() if Path(name).name != "Dockerfile" and (ROOT / name).exists()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.split("/")[0] in packages}

    assert tracked <= packed
    assert {"shared/catalogue.toml", "shared/queue/lua/claim.lua", "shared/i18n/en.toml"} <= packed
    assert not any(name.endswith("Dockerfile") for name in packed)


@pytest.mark.parametrize("half", ["bot", "worker"])
def test_the_wheels_commands_start(wheel: Path, tmp_path: Path, half: str) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=60)

    helped = subprocess.run(
        [site / "bin" / f"pentimento-{half}", "--help"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert helped.returncode == 0, helped.stderr
    assert f"python -m {half}" in helped.stdout


def test_the_hooks_for_git_are_valid_and_run_commands_that_exist(tmp_path: Path) -> None:
    config = ROOT / ".pre-commit-config.yaml"
    checked = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", str(config)],
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    hooks = [hook for repo in yaml.safe_load(config.read_text())["repos"] for hook in repo["hooks"]]
    lanes = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {hook["entry"].removeprefix("make ") for hook in hooks if hook["entry"].startswith("make ")} <= lanes
    assert all(hook["entry"].startswith(("make ", ".venv/bin/")) for hook in hooks)
