"""The repository itself: containers, generated tables, documentation, and names that must agree."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bot.settings import Settings as BotSettings
from shared.i18n.messages import DEFAULT_LANGUAGE
from shared.problems import ACTORS
from shared.queue.schema import REDIS_KEYS
from shared.settings_reader import describe_settings
from tests.architecture.docs_tables import DOCS, README, ROOT, build_tables, insert_tables, list_pages
from tests.support.file_order import LONGEST_FILES
from tests.support.messages import list_sentences, read_messages
from worker.settings import Settings as WorkerSettings


@pytest.mark.parametrize("half", ["bot", "worker"])
def test_a_dockerfiles_steps_work_in_a_clean_environment(half: str, tmp_path: Path) -> None:
    dockerfile = (ROOT / half / "Dockerfile").read_text()
    assert f"COPY requirements/{half}.txt requirements.txt" in dockerfile
    assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE)
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    locked = ROOT / "requirements" / f"{half}.txt"
    # pip of this environment; nothing is compiled, as hardly any of it is imported
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "-r", str(locked)], check=True, timeout=300, capture_output=True)
    app = tmp_path / "app"
    app.mkdir()
    for part in re.findall(rf"^COPY (shared|{half}) \1$", dockerfile, re.MULTILINE):
        (app / part).symlink_to(ROOT / part)

    helped = subprocess.run(
        [python, "-m", half, "--help"],
        cwd=app,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert helped.returncode == 0, helped.stderr
    assert f"python -m {half}" in helped.stdout


def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    tracked = subprocess.run(
        ["/usr/bin/env", "git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    forbidden = re.compile(r"p[y]pi\.org|pyth[o]nhosted\.org|npm[j]s\.org|deb\.debi[a]n\.org")

    found = [name for name in tracked if name and forbidden.search((ROOT / name).read_bytes().decode(errors="replace"))]

    assert found == []


def test_every_sentence_that_is_asked_for_by_name_exists() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    asked = re.findall(r"(?:text|localize_text)\(\s*[\"\'](\w+\.[\w.]+)[\"\']", code)

    assert len(asked) > 80
    assert set(asked) <= {key for key, _ in list_sentences(read_messages(DEFAULT_LANGUAGE))}


def test_every_problem_is_reported_somewhere_and_every_reported_problem_exists() -> None:
    sources = [path for half in ("bot", "shared", "worker") for path in (ROOT / half).rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources if path != ROOT / "shared" / "problems.py")
    made = set(re.findall(r"make_problem\(\s*\"(\w+)\"", code))
    prefixes = tuple(re.findall(r"(?:make_problem\(\s*|code=)f\"(\w+_)\{", code))

    assert made <= set(ACTORS)
    assert [name for name in ACTORS if f'"{name}"' not in code and not name.startswith(prefixes)] == []


def test_the_documentations_tables_are_those_of_the_code() -> None:
    written = {page: page.read_text() for page in list_pages()}

    stale = [str(page.relative_to(ROOT)) for page, text in written.items() if insert_tables(text) != text]
    assert stale == [], "run: python -m tests.architecture.docs_tables"
    assert all(any(f"<!-- table: {name} -->" in text for text in written.values()) for name in build_tables())


def test_every_command_of_the_makefile_is_documented() -> None:
    commands = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    contributing = (ROOT / "CONTRIBUTING.md").read_text()

    assert [name for name in commands if f"`make {name}`" not in contributing] == []


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    readme = README.read_text()

    assert len(readme.splitlines()) <= 130
    first, second, *_ = re.findall(r"^make \w+", readme, re.MULTILINE)
    assert (first, second) == ("make demo", "make test")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_the_links_of_the_pages_outside_the_site_lead_somewhere(name: str) -> None:
    links = re.findall(r"(?:\]\(|src(?:set)?=\")(?!https?:)([^)\s\"#]+)", (ROOT / name).read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_key_that_a_script_uses_is_described() -> None:
    lua = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.lua"))
    described = {re.split(r"[:{]", key.pattern)[0] for key in REDIS_KEYS}

    assert set(re.findall(r"\bkey\('(\w+)'", lua)) - described == {
        "no_such_key"
    }  # never exists: lib.lua says why it is deleted


def test_every_place_that_the_architecture_page_names_exists() -> None:
    page = (DOCS / "architecture.md").read_text()
    places = re.findall(r"`((?:bot|worker|shared)/[\w/.]+)`", page)

    assert len(places) > 30
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_documentation_is_one_site_that_fetches_nothing() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\((\S+)\)", "".join(page.read_text() for page in list_pages()))

    assert [picture for picture in pictures if "://" in picture] == []
    assert (DOCS / "conf.py").exists()


def test_the_files_that_start_first_exist() -> None:
    assert [name for name in LONGEST_FILES if not (ROOT / name).is_file()] == []


def test_the_example_of_env_names_settings_that_exist() -> None:
    written = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    known = {name for kind in (BotSettings, WorkerSettings) for name, _, _ in describe_settings(kind)}

    assert [name for name in written if name not in known and not name.startswith("AWS_")] == []
