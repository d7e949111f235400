"""What is said of pip-audit's answer: a known vulnerability fails, and silence is not taken for a clean answer."""

import json
from typing import Any

import pytest

from tests.security.audit import NOT_ASKED, judge_audit

CLEAN = {"name": "celery", "version": "5.7.0", "vulns": []}
SKIPPED = {"name": "kombu", "skip_reason": "Dependency not found"}
BROKEN = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"], "aliases": []}],
}


def audit_json(*packages: dict[str, Any]) -> tuple[int, str]:
    return judge_audit(json.dumps({"dependencies": packages, "fixes": []}), "")


def test_a_known_vulnerability_fails_with_what_mends_it() -> None:
    code, words = audit_json(CLEAN, BROKEN, SKIPPED)

    assert code == 1
    assert words.endswith("pillow 1.0: PYSEC-1, mended in 1.1, 2.0")


def test_none_known_passes_and_names_what_the_service_does_not_know() -> None:
    assert audit_json(CLEAN) == (0, "No vulnerability is known of 1 locked packages.")
    assert audit_json(CLEAN, SKIPPED) == (
        0,
        "No vulnerability is known of 1 locked packages, but the service does not know kombu.",
    )


@pytest.mark.parametrize(
    "complaint",
    [
        "requests.exceptions.ConnectionError: Max retries exceeded",
        "ERROR:pip_audit._cli:Tip: your network may be blocking this service. Try another service with `-s SERVICE`",
        "pip_audit._service.interface.ServiceError",
    ],
)
def test_a_service_that_cannot_be_reached_is_said_and_does_not_fail(complaint: str) -> None:
    assert judge_audit("", complaint) == (0, NOT_ASKED)


def test_an_index_that_knows_no_package_is_no_advisory_service() -> None:
    assert audit_json(SKIPPED, SKIPPED) == (0, NOT_ASKED)


def test_an_audit_that_went_wrong_fails_in_its_own_words() -> None:
    assert judge_audit("", "invalid requirements input") == (
        1,
        "The audit itself failed. pip-audit said:\ninvalid requirements input",
    )
