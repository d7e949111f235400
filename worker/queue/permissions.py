"""Checking the ACL of Redis when the worker starts: a script that is denied one of its commands is half done."""

import redis

from shared.queue.refusals import describe_denied_commands
from worker.ports import QueueUnavailableError
from worker.queue.scripts import ScriptRunner


def check_permissions(client: redis.Redis) -> None:
    """Check that the ACL denies no command of the scripts. Raises `QueueUnavailableError`."""
    denied = ScriptRunner(client, "check_permissions").run("check_permissions")
    if denied:
        raise QueueUnavailableError(describe_denied_commands(denied))
