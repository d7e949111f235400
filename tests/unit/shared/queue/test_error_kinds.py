"""The kinds of Redis's errors in metrics."""

import pytest
from redis import exceptions

from shared.queue.error_kinds import name_error_kind

WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.ConnectionError("Error 111 connecting"), "connection"),
        (exceptions.AuthenticationError("WRONGPASS"), "connection"),
        (exceptions.TimeoutError("Timeout reading from socket"), "timeout"),
        (exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "OOM"),
        (exceptions.ReadOnlyError("You can't write against a read only replica."), "READONLY"),
        (exceptions.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "MISCONF"),
        (exceptions.ResponseError("ERR wrong number of arguments"), "other"),
        (exceptions.ResponseError(WRONG_TYPE), "WRONGTYPE"),
        (exceptions.NoScriptError("No matching script. Please use EVAL."), None),
        (exceptions.ResponseError("BUSYGROUP Consumer Group name already exists"), None),
        (exceptions.ResponseError("unknown subcommand 'SETINFO'. Try CLIENT HELP."), None),
    ],
)
def test_each_error_has_one_kind_unless_the_code_expects_it(error: Exception, kind: str | None) -> None:
    assert name_error_kind(error) == kind
