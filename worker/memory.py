"""How the C library hands out this process's memory."""

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8


def one_arena() -> None:
    """Let all threads share one arena; elsewhere than in glibc nothing happens.

    By default there are eight a core, and what a thread frees stays with its own: with 64 jobs in flight, the answers
    that threads held one after the other. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_M_ARENA_MAX, 1)
