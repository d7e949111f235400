"""How a picture lies in Redis: as a list of pieces, each of which nearly fills a block of its allocator.

jemalloc has four sizes of block between two powers of two, and a whole picture leaves a tenth of its own empty.
https://jemalloc.net/jemalloc.3.html#size_classes
"""

from collections.abc import Sequence
from typing import Final

CHUNK_BYTES: Final = 131_000  # a block of 128 KiB, less what Redis writes around an item of a list


def split_into_chunks(picture: bytes) -> list[memoryview]:
    """Give the pieces of a picture, without copying it; no pieces of no bytes."""
    whole = memoryview(picture)
    return [whole[start : start + CHUNK_BYTES] for start in range(0, len(picture), CHUNK_BYTES)]


def join_chunks(chunks: Sequence[bytes]) -> bytes | None:
    """Give the picture of these pieces; None where there are none."""
    return b"".join(chunks) or None


def measure_chunks(count: int, last_chunk: bytes | None) -> int:
    """Tell how many bytes a picture has by the number of its pieces and the last of them."""
    return 0 if last_chunk is None else (count - 1) * CHUNK_BYTES + len(last_chunk)
