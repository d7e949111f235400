"""Writing the findings for a terminal, as JSON, or into a file to paste into an issue."""

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from shared.doctor.findings import DoctorExitCode, Finding, Status, choose_exit_code
from shared.doctor.redaction import hide_identity, hide_secrets
from shared.version import describe_version

_MAX_NAME_WIDTH: Final = 34


def silence_log() -> None:
    """Keep logs off the terminal: their contents are among the findings."""
    logging.getLogger().addHandler(logging.NullHandler())


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of every doctor."""
    parser.add_argument("--json", action="store_true", help="print all findings as one JSON object")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a report without secrets, ids and hosts, for an issue"
    )


def publish_findings(
    half: str,
    findings: Sequence[Finding],
    arguments: argparse.Namespace,
    secrets: Iterable[str],
    libraries: Iterable[str],
) -> DoctorExitCode:
    """Print the findings, write the report if one is wanted, and return the exit code."""
    exit_code, version, secrets = choose_exit_code(findings), describe_version(libraries), list(secrets)
    text = format_json(half, findings, version, exit_code) if arguments.json else format_text(findings, exit_code)
    print(hide_secrets(text, secrets))
    if arguments.report is not None:
        report = hide_identity(hide_secrets(format_report(half, findings, version, exit_code), secrets))
        try:
            arguments.report.write_text(report, encoding="utf-8")
        except OSError as error:
            print(
                f"The report cannot be written to {arguments.report} ({error.strerror}). Choose another file.",
                file=sys.stderr,
            )
            exit_code = exit_code or DoctorExitCode.FAILED
    return exit_code


def format_text(findings: Sequence[Finding], exit_code: DoctorExitCode) -> str:
    """Format the notable findings as lines, and a last one that sums all up."""
    return "\n".join(
        (*_format_lines([finding for finding in findings if finding.is_notable]), _sum_up(findings, exit_code))
    )


def format_report(half: str, findings: Sequence[Finding], version: str, exit_code: DoctorExitCode) -> str:
    """Format all findings as Markdown."""
    lines = "\n".join(_format_lines(findings))
    return f"### Doctor of the {half}\n\n```\n{version}\n\n{lines}\n{_sum_up(findings, exit_code)}\n```\n"


def format_json(half: str, findings: Sequence[Finding], version: str, exit_code: DoctorExitCode) -> str:
    """Format all findings as one JSON object."""
    listed = [{key: value for key, value in asdict(finding).items() if key != "is_notable"} for finding in findings]
    document = {"half": half, "version": version, "exit_code": int(exit_code), "findings": listed}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _format_lines(findings: Sequence[Finding]) -> list[str]:
    width = min(max((len(finding.name) for finding in findings), default=0), _MAX_NAME_WIDTH)
    return [f"{finding.status:<7}  {finding.name:<{width}}  {finding.text}" for finding in findings]


def _sum_up(findings: Sequence[Finding], exit_code: DoctorExitCode) -> str:
    errors, warnings = (_count(findings, status) for status in (Status.ERROR, Status.WARNING))
    verdict = {
        DoctorExitCode.FINE: "Nothing keeps it from its work.",
        DoctorExitCode.FAILED: "Mend the errors.",
        DoctorExitCode.NOT_SET_UP: "It is not set up. Correct the settings; the rest is checked once they are valid.",
    }
    return f"{errors}, {warnings}. {verdict[exit_code]}"


def _count(findings: Sequence[Finding], status: Status) -> str:
    number = sum(finding.status is status for finding in findings)
    return f"{number} {status}" if number == 1 else f"{number} {status}s"
