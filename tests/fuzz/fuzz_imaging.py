"""`make fuzz`: good pictures are broken at random, and none may do more than be refused or shown.

    python -m tests.fuzz.fuzz_imaging --seconds 60 --seed 1

Broken are the bytes, the lengths, the order of blocks, and, with their checksums mended, the chunks of PNGs. A process
of little memory prepares them; whatever ends it, is raised by it or takes longer than a picture may is kept as
a file, named at the end. Exit code 0 when there is none.
"""

import argparse
import multiprocessing
import queue
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

from tests.fuzz.memory_limit import classify_outcome, limit_memory
from tests.fuzz.samples import make_valid_images

MAX_SECONDS = 2.0
MAX_BYTES = 1 << 20
NUMBERS = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\x75\x30",
    b"\x30\x75",
    b"\xff\xfe",
)


def break_image(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Break a picture in one to six ways."""
    piece = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(piece)) if chance.random() < 0.5 else chance.randrange(min(len(piece), 200))
        match chance.randrange(7):
            case 0:
                piece[at] ^= 1 << chance.randrange(8)
            case 1:
                piece[at] = chance.randrange(256)
            case 2:
                number = chance.choice(NUMBERS)
                piece[at : at + len(number)] = number
            case 3:
                del piece[at : at + chance.randint(1, 64)]
            case 4:
                piece[at:at] = piece[at : at + chance.randint(1, 256)] * chance.randint(1, 40)
            case 5:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                piece[at:at] = other[start : start + chance.randint(1, 512)]
            case _:
                del piece[max(at, 16) :]
        if not piece:
            return bytes(piece)
    return fix_png_checksums(bytes(piece)) if chance.random() < 0.7 else bytes(piece)


def fix_png_checksums(data: bytes) -> bytes:
    """Give each chunk of a PNG the checksum of what it holds now, so that its reader looks further."""
    out, at = bytearray(data), 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", out, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(out)


def run_fuzzer(seconds: float, seed: int, current: Path, report: "multiprocessing.Queue[tuple[str, bytes]]") -> None:
    """Break and prepare until time is up; what is at work lies in `current`, so that it outlives a crash."""
    limit_memory()
    chance, samples, end = random.Random(seed), list(make_valid_images().values()), time.monotonic() + seconds
    seen: Counter[str] = Counter()
    while time.monotonic() < end:
        data = break_image(chance.choice(samples), samples, chance)[:MAX_BYTES]
        current.write_bytes(data)
        started = time.process_time()
        said = classify_outcome(data, chance.choice(("crop", "pad", "stretch")))
        took = time.process_time() - started
        seen[said.partition(":")[0]] += 1
        if took > MAX_SECONDS:
            said = f"!took {took:.1f} s, {said}"
        if said.startswith("!"):
            report.put((said, data))
    report.put((", ".join(f"{count} {said}" for said, count in seen.most_common()), b""))


def main(arguments: list[str] | None = None) -> int:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.fuzz_imaging", description=sys.modules[__name__].__doc__
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="another one each time unless given")
    parser.add_argument("--keep", type=Path, help="where what was found is kept; a new folder unless given")
    asked = parser.parse_args(arguments)
    keep = asked.keep or Path(tempfile.mkdtemp(prefix="pentimento-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    seed, current = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32), keep / "current"
    context = multiprocessing.get_context("spawn")
    report = context.Queue()
    worker = context.Process(target=run_fuzzer, args=(asked.seconds, seed, current, report))
    worker.start()
    found, summary = [], ""
    while worker.is_alive() or not report.empty():
        try:
            said, data = report.get(timeout=0.5)
        except queue.Empty:
            continue
        if not data and not said.startswith("!"):
            summary = said
            break
        found.append(said)
        (keep / f"found-{len(found)}").write_bytes(data)
    worker.join(10)
    if worker.exitcode != 0:
        found.append(f"!the process ended with {worker.exitcode}: {current}")
    else:
        current.unlink()
    kept = "\n".join(f"{said} ({keep})" for said in found)
    sys.stdout.write(f"seed {seed}: {summary or 'no summary'}\n{kept or 'nothing found'}\n")
    return 1 if found or not summary else 0


if __name__ == "__main__":
    sys.exit(main())
