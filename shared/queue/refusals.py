"""Errors of Redis in words for the operator: what Redis refuses, why, and what to do about it.

Redis marks an error by a first word (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors),
which redis-py removes from some messages, and which stands inside the message of a script that has failed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MAX_QUOTED_LENGTH: Final = 200
_PIPELINE_PREFIX: Final = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ", re.DOTALL)
"""redis-py quotes the command, whose arguments do not belong into a log."""


@dataclass(frozen=True)
class Refusal:
    """A kind of error in a reply of Redis: `pattern` finds it in the message.

    One that is not transient lasts until the operator changes a setting.
    """

    code: str
    pattern: str
    reason: str
    advice: str
    is_transient: bool = True

    def describe(self, error: BaseException) -> str:
        """Describe this refusal; a missing permission is quoted, as it names the command."""
        quoted = f" ({_get_message(error)[:_MAX_QUOTED_LENGTH]})" if self.code in {"NOPERM", "WRONGTYPE"} else ""
        return f"Redis refuses ({self.code}): {self.reason}{quoted}. {self.advice}"


_PERMISSIONS_ADVICE: Final = "Give that user the rules of docs/operate/redis.md."
_FAILOVER_ADVICE: Final = "This passes with a failover; if it lasts, let REDIS_URL name the primary."

REFUSALS: Final = (
    Refusal(
        "MISCONF",
        r"\bMISCONF\b",
        "it cannot save its data",
        "Make room on its disk, or repair what its log names.",
    ),
    Refusal("READONLY", r"\bREADONLY\b|read only replica", "it is a read-only replica", _FAILOVER_ADVICE),
    Refusal("MASTERDOWN", r"\bMASTERDOWN\b|Link with MASTER is down", "it has lost its primary", _FAILOVER_ADVICE),
    Refusal(
        "NOREPLICAS",
        r"\bNOREPLICAS\b|Not enough good replicas",
        "too few of its replicas are connected",
        "Start them, or lower its min-replicas-to-write.",
    ),
    Refusal(
        "OOM",
        r"'maxmemory'",
        "it has reached its maxmemory",
        "There is room again when images have been delivered; if this happens often, raise maxmemory.",
    ),
    Refusal(
        "CLUSTERDOWN",
        r"\bCLUSTERDOWN\b|The cluster is down|Hash slot not served",
        "it is a cluster with parts missing",
        "This passes when the cluster is whole again; its own log, and CLUSTER INFO, say what is missing.",
    ),
    Refusal(
        "TRYAGAIN",
        r"\bTRYAGAIN\b|Multiple keys request during rehashing",
        "it is a cluster that is being rearranged",
        "This passes when the cluster is whole again; its own log, and CLUSTER INFO, say what is missing.",
    ),
    Refusal(
        "NOPERM",
        r"\bNOPERM\b|no permissions to|executing the script can't",
        "its ACL denies a command to the user in REDIS_URL",
        _PERMISSIONS_ADVICE,
        is_transient=False,
    ),
    Refusal(
        "WRONGTYPE",
        r"\bWRONGTYPE\b",
        "one of the keys of the queue holds a value of another type",
        "Something else writes to this Redis; stop it, and delete that key.",
        is_transient=False,
    ),
    Refusal("LOADING", r"\bLOADING\b|loading the dataset", "it is still reading its data", "This passes by itself."),
    Refusal("BUSY", r"\bBUSY\b", "a script keeps it busy", "If this lasts, end the script with SCRIPT KILL."),
)


def find_refusal(error: BaseException) -> Refusal | None:
    """Find the kind of a refusal; None for any other error, such as a broken connection."""
    message = _get_message(error)
    return next((refusal for refusal in REFUSALS if re.search(refusal.pattern, message)), None)


def describe_denied_commands(commands: Iterable[bytes]) -> str:
    """Describe that the ACL denies some of the commands that the scripts call."""
    names = ", ".join(sorted(command.decode() for command in commands))
    return f"Redis refuses (NOPERM): its ACL denies {names} to the user in REDIS_URL. {_PERMISSIONS_ADVICE}"


def is_read_only(error: BaseException) -> bool:
    """Tell whether the server is a replica: after a failover, a new connection may lead to the primary."""
    refusal = find_refusal(error)
    return refusal is not None and refusal.code in {"READONLY", "MASTERDOWN"}


def _get_message(error: BaseException) -> str:
    return _PIPELINE_PREFIX.sub("", str(error))
