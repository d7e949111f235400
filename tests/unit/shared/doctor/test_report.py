"""The report of a doctor: exit codes, no secrets, nobody's identity, and a page that names every check."""

import argparse
import json
import re
from pathlib import Path

import pytest

from shared.doctor.findings import Finding, Status, choose_exit_code
from shared.doctor.redaction import describe_address, hide_identity, hide_secrets
from shared.doctor.report import publish_findings

ROOT = Path(__file__).parents[4]
FINE = Finding("redis.server", Status.OK, "Redis 7.0.15, a primary.")
WARNING = Finding("budget", Status.WARNING, "Nothing limits it.", "Set one.")
FAILED = Finding("redis.round", Status.ERROR, "Redis at 10.1.2.3 refuses.", "Mend it.")
WRONG = Finding("setting.LOG_LEVEL", Status.ERROR, "LOG_LEVEL is wrong.", "Correct it.")
UNREADABLE = Finding("settings.file", Status.ERROR, ".env cannot be read.", "Save it again.")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([FINE, WARNING], 0),
        ([FINE, FAILED], 1),
        ([FAILED, WRONG], 2),
        ([UNREADABLE], 2),
        ([Finding("setting.X", Status.OK, "1"), FAILED], 1),
    ],
)
def test_the_exit_code_follows_from_the_worst_finding(findings: list[Finding], code: int) -> None:
    assert choose_exit_code(findings) == code


def test_secrets_are_hidden_wherever_they_stand_and_addresses_are_not() -> None:
    secrets = ["tok3n", "redis://ada:pa%2Fss@example.org:6379/0?sentinel_password=s3ntinel", "", "abc"]

    hidden = hide_secrets("tok3n at example.org said pa/ss, pa%2Fss, s3ntinel, and abc", secrets)

    assert hidden == "(hidden) at example.org said (hidden), (hidden), (hidden), and abc"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://ada:secret@example.org:6379/0?ssl_password=s", "redis://example.org:6379/0"),
        ("sqlite:////data/pentimento.db", "sqlite:////data/pentimento.db"),
        ("postgresql://u:p%40@h/x?password=s", "postgresql://h/x"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert describe_address(url) == shown


def test_a_report_tells_nobody_whose_installation_it_is() -> None:
    text = (
        f"{Path.home()}/pentimento: redis://cache.example.org:6379 and http://127.0.0.1:80 at 10.1.2.3, "
        "arn:aws:iam::123456789012:role/x of AKIADEMODEMODEMODEMO, client_id=1576926826696015873, account.210987654321"
    )

    assert hide_identity(text) == (
        "~/pentimento: redis://(host):6379 and http://127.0.0.1:80 at (address), "
        "arn:aws:iam::(account):role/x of (access key), client_id=(id), account.(account)"
    )


def test_a_report_that_cannot_be_written_is_told_beside_the_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = argparse.Namespace(json=True, report=tmp_path / "missing" / "report.md")

    code = publish_findings("bot", [FINE], arguments, [], [])

    captured = capsys.readouterr()
    assert code == 1
    assert json.loads(captured.out)["findings"] == [
        {"name": "redis.server", "status": "ok", "state": "Redis 7.0.15, a primary.", "advice": ""}
    ]
    assert "The report cannot be written to" in captured.err


def test_the_page_about_the_doctor_names_every_check() -> None:
    page = (ROOT / "docs/operate/doctor.md").read_text(encoding="utf-8")
    folders = (
        "bot/doctor",
        "bot/queue",
        "bot/storage",
        "shared/doctor",
        "worker/bedrock",
        "worker/doctor",
        "worker/queue",
    )
    sources = [path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).glob("*.py")]
    pattern = re.compile(r'"((?:aws|clock|database|discord|disk|process|redis)\.(?!py")[a-z]+)"')
    names = {name for source in sources for name in pattern.findall(source)}

    assert len(names) > 20
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
