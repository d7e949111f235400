"""Asks for known vulnerabilities of the locked packages (pip-audit), and says plainly where nobody could be asked.

`python -m tests.security.audit` exits 0 when none is known or the advisory service cannot be reached, 1 when one is
known or the question itself went wrong. https://github.com/pypa/pip-audit
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKED: Final = ROOT / "requirements" / "dev.txt"  # it has the packages of all parts
SECONDS: Final = 300
NOT_ASKED: Final = "Not audited: the advisory service could not be asked. Run `make audit` where it can be reached."
UNREACHABLE: Final = ("ConnectionError", "ServiceError", "Timeout", "Tip: your network may be blocking this service")


def judge_audit(answer: str, complaint: str) -> tuple[int, str]:
    """Judge what pip-audit wrote, JSON on stdout and words on stderr: an exit code and what to print."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except ValueError:
        if any(sign in complaint for sign in UNREACHABLE):
            return 0, NOT_ASKED
        return 1, f"The audit itself failed. pip-audit said:\n{complaint.strip()}"
    known = [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if known:
        return 1, "\n".join(("Known vulnerabilities among the locked packages:", *known))
    if len(unknown) == len(packages):  # an index that answers in the service's place knows no advisories
        return 0, NOT_ASKED
    but = f", but the service does not know {', '.join(unknown)}" if unknown else ""
    return 0, f"No vulnerability is known of {len(packages) - len(unknown)} locked packages{but}."


def main() -> int:
    """Ask and print. The locked file names every package with its hash, so nothing is installed to find out."""
    asking = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCKED), "--disable-pip", "--require-hashes"]
    try:
        asked = subprocess.run(
            [*asking, "--format", "json", "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        code, words = judge_audit(asked.stdout, asked.stderr)
    except subprocess.TimeoutExpired:
        code, words = 0, NOT_ASKED
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
