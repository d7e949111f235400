"""Pictures in Redis are lists of chunks, each of which nearly fills a block of Redis's memory allocator.

jemalloc has four sizes of blocks between two powers of two, so a picture in one piece leaves a tenth of its block
unused. https://jemalloc.net/jemalloc.3.html#size_classes
"""

from collections.abc import Sequence
from typing import Final

CHUNK_BYTES: Final = 131_000
"""A block of 128 KiB less what Redis stores around an item of a list."""


def split_into_chunks(picture: bytes) -> list[memoryview]:
    """Split a picture without copying it. An empty picture has no chunks."""
    whole = memoryview(picture)
    return [whole[start : start + CHUNK_BYTES] for start in range(0, len(picture), CHUNK_BYTES)]


def join_chunks(chunks: Sequence[bytes]) -> bytes | None:
    """Join the chunks of a picture; None if there are none."""
    return b"".join(chunks) or None


def measure_chunks(count: int, last_chunk: bytes | None) -> int:
    """Compute the size of a picture in bytes from the number of its chunks and the last of them."""
    return 0 if last_chunk is None else (count - 1) * CHUNK_BYTES + len(last_chunk)
