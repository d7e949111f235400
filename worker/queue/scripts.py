"""Running the scripts of `shared.queue` with redis-py's blocking client."""

import logging
import time
from typing import Any, Final

from redis.exceptions import RedisError

from shared.outage_log import OutageLog
from shared.pictures.reference import PictureReference
from shared.queue.scripts import (
    append_script_with_picture,
    get_script_reply,
    is_oom_error,
    list_picture_arguments,
    load_script,
)
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, reconnect_after_failover, translate_redis_errors

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0
"""The pause between two attempts to store the end of a job."""


class ScriptRunner:
    """Runs the scripts of these names on one Redis. Threads may share it."""

    def __init__(self, client: QueueRedis, *names: str) -> None:
        self._client = client
        self._names = client.names
        self._scripts = {name: client.register_script(load_script(name)) for name in names}

    def run(self, name: str, *arguments: Any, picture: bytes | PictureReference | None = None) -> Any:
        """Run a script, with the picture that it stores if there is one. Raises `QueueUnavailableError`.

        If Redis is too full to take the picture beside the script, it is sent as arguments of the script, which may
        write all the same.
        """
        script = self._scripts[name]
        with translate_redis_errors(), reconnect_after_failover(self._client):
            if picture:
                transaction = self._client.pipeline()
                append_script_with_picture(transaction, self._names, script, arguments, picture)
                try:
                    return get_script_reply(transaction.execute())
                except RedisError as error:
                    if not is_oom_error(error):
                        raise
            return script(keys=[self._names.prefix], args=[*arguments, *list_picture_arguments(picture)])

    def run_until_stored(
        self, name: str, *arguments: Any, job_id: str, picture: bytes | PictureReference | None = None
    ) -> Any:
        """Run a script, again and again while Redis is unavailable, so that nothing that was paid for is lost."""
        outage = OutageLog(log, f"job {job_id}: {name} is stored")
        while True:
            try:
                reply = self.run(name, *arguments, picture=picture)
            except QueueUnavailableError as error:
                outage.report_failure(f"job {job_id}: {name} is not stored yet and tried again: {error}")
                time.sleep(RETRY_SECONDS)
            else:
                outage.report_success()
                return reply
