"""A deadline for a whole call. Socket timeouts give none: each byte of a slow response restarts them.

It costs 0.1 ms of CPU, where a call of boto3 takes 5 ms. https://docs.python.org/3/library/concurrent.futures.html
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from shared.errors import PentimentoError

ResultT = TypeVar("ResultT")


class DeadlineExceededError(PentimentoError):
    """The call took longer than its deadline."""


def run_with_deadline(
    seconds: float, call: Callable[[], ResultT], on_late_result: Callable[[ResultT], None] = lambda _: None
) -> ResultT:
    """Run `call` in a daemon thread and wait at most `seconds` for its result; its exceptions are raised here.

    Raises `DeadlineExceededError` after that. The thread is then left to end by itself, without keeping the process
    alive, and `on_late_result` gets its result.
    """
    future: Future[ResultT] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it again
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(result)
            else:
                on_late_result(result)

    Thread(target=copy_context().run, args=(run,), name="bedrock-call", daemon=True).start()
    try:
        return future.result(max(0.0, seconds))
    except TimeoutError:
        if future.cancel():
            raise DeadlineExceededError from None
        return future.result()  # the call ended between the timeout and the cancellation
