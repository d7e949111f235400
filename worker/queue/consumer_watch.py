"""Noticing that Celery's consumer no longer asks Redis for tickets, while the rest of the worker goes on."""

import threading
from typing import Final

MAX_SILENT_ROUNDS: Final = 60
"""After how many rounds of maintenance, one a second, without a reply the consumer counts as hung.

It gets a reply each second. Celery waits for up to 30 s before it connects again, and notices a connection that is
half open within 51 s.
"""


class ConsumerWatch:
    """Counts the rounds of maintenance in which the consumer got no reply though a task could start.

    A consumer asks for no ticket while `concurrency` tasks run. Threads may share the watch.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._running_tasks = 0
        self._silent_rounds = 0
        self._lock = threading.Lock()

    def record_reply(self) -> None:
        """Note that the consumer has got a reply: a ticket, none, or a refusal."""
        with self._lock:
            self._silent_rounds = 0

    def record_task_start(self) -> None:
        """Note that a task has started."""
        with self._lock:
            self._running_tasks += 1

    def record_task_end(self) -> None:
        """Note that a task has ended."""
        with self._lock:
            self._running_tasks -= 1

    def count_running_tasks(self) -> int:
        """Count the tasks that run now."""
        with self._lock:
            return self._running_tasks

    def count_round(self) -> bool:
        """Count a round of maintenance, and return whether the consumer is in order."""
        with self._lock:
            is_busy = self._running_tasks >= self._concurrency
            self._silent_rounds = 0 if is_busy else self._silent_rounds + 1
            return self._silent_rounds <= MAX_SILENT_ROUNDS
