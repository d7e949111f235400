"""`.env`: read into the environment, or refused in two sentences that name it."""

import os
from pathlib import Path

import pytest

from shared.env_file import InvalidEnvFileError, load_env_file

TEXT = "DISCORD_TOKEN=demo-token\r\nREDIS_URL=redis://127.0.0.1:6379/0\r\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISCORD_TOKEN", "REDIS_URL"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_the_environment_lacks_or_has_empty_is_set(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(TEXT, encoding=encoding)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")

    load_env_file(file)

    assert (os.environ["DISCORD_TOKEN"], os.environ["REDIS_URL"]) == ("demo-token", "redis://elsewhere")


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    load_env_file(tmp_path / ".env")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_another_encoding_is_refused_in_two_sentences(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(TEXT.encode(encoding))

    with pytest.raises(InvalidEnvFileError, match=r"\.env is not a text file in UTF-8\. Save it again [^.]*\.$"):
        load_env_file(file)


def test_a_letter_of_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("DISCORD_TOKEN=é\n".encode("latin-1"))

    with pytest.raises(InvalidEnvFileError, match="is not a text file in UTF-8"):
        load_env_file(file)


def test_a_folder_is_refused_in_two_sentences(tmp_path: Path) -> None:
    with pytest.raises(InvalidEnvFileError, match=r"cannot be read \(Is a directory\)\. Make it a file [^.]*\.$"):
        load_env_file(tmp_path)
