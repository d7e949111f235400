"""Members who go on asking for pictures, whatever happens to the network."""

import contextlib
import random
import threading
import urllib.error
from collections.abc import Iterator
from typing import Final

from demo.http_client import StandInResponseError
from demo.stack import Stack
from tests.hosts.hosts import USERS
from tests.support.exploration import invoke_explore, start_exploration
from tests.support.images import make_png
from tests.support.user import DiscordUser, encode_file, wait_until

VARIANTS: Final = 4
_PICTURE: Final = encode_file("small.png", make_png(512))


class Load:
    """Submits requests with prompts and pictures that a seed decides, and counts those that Discord took."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack = stack
        self._rng = random.Random(seed)
        self.count = 0

    def submit_request(self, words: str = "") -> str | None:
        """Use a command as a random member, with or without a picture; return the job's id if Discord took it."""
        number, user = self.count, DiscordUser(self._stack, self._rng.choice(USERS))
        command = self._rng.choice(("sdxl", "imagine"))
        files = {"image": _PICTURE} if self._rng.random() < 1 / 3 else {}
        try:
            job_id = user.invoke_command(command, self._stack.channel_id, files, prompt=f"a house {number} {words}")
        except (StandInResponseError, urllib.error.URLError, TimeoutError):
            return None
        self.count += 1
        return job_id

    def start_exploration(self) -> None:
        """Start an exploration of four pictures."""
        ada = DiscordUser(self._stack)

        def start() -> bool:
            try:
                start_exploration(ada, invoke_explore(ada, has_picture=False, vary="seeds", count=VARIANTS))
            except AssertionError:  # refused in words, on a machine that is too busy to respond in time
                return False
            return True

        wait_until(start, "an exploration")
        self.count += VARIANTS

    @contextlib.contextmanager
    def keep_submitting(self, interval_seconds: float) -> Iterator[None]:
        """Submit a request every so often until the block ends."""
        stopped = threading.Event()

        def submit() -> None:
            while not stopped.wait(interval_seconds):
                self.submit_request()

        thread = threading.Thread(target=submit, name="load")
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
