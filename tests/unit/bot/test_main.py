"""The command line of the bot."""

import tomllib
from pathlib import Path

import pytest

from bot.__main__ import main

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_version_prints_the_version_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    version = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]

    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"pentimento {version}\n"


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["paint"])

    assert exit_info.value.code == 2
    assert "choose from" in capsys.readouterr().err
