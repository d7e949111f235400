"""Comparing this machine's clock with another one, such as that of a Date header or of Redis.

https://www.rfc-editor.org/rfc/rfc9110.html#name-date
"""

from email.utils import parsedate_to_datetime
from typing import Final

from shared.doctor.findings import Finding, Status

WARNING_SECONDS: Final = 5.0
ERROR_SECONDS: Final = 240.0
"""AWS refuses a signature that is 300 s old or early:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""

_ADVICE: Final = "Set this machine's clock by NTP (timedatectl set-ntp true)."
_MINUTE: Final = 60


def check_date_header(name: str, peer: str, header: str | None, asked_at: float, answered_at: float) -> list[Finding]:
    """Compare with the Date header of a response to a question between two Unix times. Without one, find nothing."""
    try:
        there = parsedate_to_datetime(header or "").timestamp()
    except ValueError:
        return []
    return [check_clock(name, peer, there, asked_at, answered_at, resolution=1)]


def check_clock(
    name: str, peer: str, there: float, asked_at: float, answered_at: float, *, resolution: float = 0
) -> Finding:
    """Compare the time that a peer told, in Unix seconds of a `resolution`, with this machine's around the question."""
    is_ahead = there + resolution < asked_at
    ahead = asked_at - there - resolution if is_ahead else min(0.0, answered_at - there)
    difference = abs(ahead)
    if difference < WARNING_SECONDS:
        return Finding(name, Status.OK, f"This clock and that of {peer} agree within {WARNING_SECONDS:g} s.")
    status = Status.ERROR if difference >= ERROR_SECONDS else Status.WARNING
    direction = "ahead of" if is_ahead else "behind"
    return Finding(name, status, f"This clock is {_format_duration(difference)} {direction} that of {peer}.", _ADVICE)


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 2 * _MINUTE else f"{seconds / _MINUTE:.0f} min"
