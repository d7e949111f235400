"""Checking the ACL of Redis when the worker starts: a script that is denied one of its commands is half done."""

from typing import Final

from shared.queue.refusals import describe_denied_commands
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, translate_redis_errors
from worker.queue.scripts import ScriptRunner

OWN_COMMANDS: Final = ("LINDEX",)
"""Commands that the worker calls beside its scripts, and no script calls."""


def check_permissions(client: QueueRedis) -> None:
    """Check that the ACL denies no command that the worker calls. Raises `QueueUnavailableError`."""
    denied = ScriptRunner(client, "check_permissions").run("check_permissions", *OWN_COMMANDS)
    if denied:
        raise QueueUnavailableError(describe_denied_commands(denied))
    with translate_redis_errors():
        client.brpop([client.names.no_such_key], timeout=0.01)  # as Celery does; a script may not
