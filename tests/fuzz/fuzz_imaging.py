"""`make fuzz`: valid images are broken at random, and each must be rejected or shown.

    python -m tests.fuzz.fuzz_imaging --seconds 60 --seed 1

It breaks bytes, lengths, the order of blocks, and, with corrected checksums, the chunks of PNGs. A process with little
memory prepares the files. A file that ends the process, raises another error or takes too long is saved, and named at
the end. The exit code is 0 if there is none.
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
INTERESTING_NUMBERS = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\x75\x30",
    b"\x30\x75",
    b"\xff\xfe",
)


def break_image(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Break an image in one to six ways."""
    broken = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(broken)) if rng.random() < 0.5 else rng.randrange(min(len(broken), 200))
        match rng.randrange(7):
            case 0:
                broken[at] ^= 1 << rng.randrange(8)
            case 1:
                broken[at] = rng.randrange(256)
            case 2:
                number = rng.choice(INTERESTING_NUMBERS)
                broken[at : at + len(number)] = number
            case 3:
                del broken[at : at + rng.randint(1, 64)]
            case 4:
                broken[at:at] = broken[at : at + rng.randint(1, 256)] * rng.randint(1, 40)
            case 5:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                broken[at:at] = other[start : start + rng.randint(1, 512)]
            case _:
                del broken[max(at, 16) :]
        if not broken:
            return bytes(broken)
    return fix_png_checksums(bytes(broken)) if rng.random() < 0.7 else bytes(broken)


def fix_png_checksums(data: bytes) -> bytes:
    """Correct the checksum of each chunk of a PNG, so that a decoder reads on."""
    out, offset = bytearray(data), 8
    while data.startswith(b"\x89PNG") and offset + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        end = offset + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", out, end, zlib.crc32(data[offset + 4 : end]))
        offset = end + 4
    return bytes(out)


def run_fuzzer(seconds: float, seed: int, current: Path, report: "multiprocessing.Queue[tuple[str, bytes]]") -> None:
    """Break and prepare images until the time is up. Each is saved to `current` first, to outlive a crash."""
    limit_memory()
    rng, samples, end = random.Random(seed), list(make_valid_images().values()), time.monotonic() + seconds
    outcomes: Counter[str] = Counter()
    while time.monotonic() < end:
        data = break_image(rng.choice(samples), samples, rng)[:MAX_BYTES]
        current.write_bytes(data)
        start = time.process_time()
        outcome = classify_outcome(data, rng.choice(("crop", "pad", "stretch")))
        elapsed = time.process_time() - start
        outcomes[outcome.partition(":")[0]] += 1
        if elapsed > MAX_SECONDS:
            outcome = f"!took {elapsed:.1f} s, {outcome}"
        if outcome.startswith("!"):
            report.put((outcome, data))
    report.put((", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()), b""))


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.fuzz_imaging", description=sys.modules[__name__].__doc__
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: a different one each time")
    parser.add_argument("--keep", type=Path, help="the folder for the files that were found; default: a new one")
    options = parser.parse_args(arguments)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="pentimento-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    current = folder / "current"
    context = multiprocessing.get_context("spawn")
    report = context.Queue()
    worker = context.Process(target=run_fuzzer, args=(options.seconds, seed, current, report))
    worker.start()
    findings, summary = [], ""
    while worker.is_alive() or not report.empty():
        try:
            outcome, data = report.get(timeout=0.5)
        except queue.Empty:
            continue
        if not data and not outcome.startswith("!"):
            summary = outcome
            break
        findings.append(outcome)
        (folder / f"found-{len(findings)}").write_bytes(data)
    worker.join(10)
    if worker.exitcode != 0:
        findings.append(f"!the process ended with {worker.exitcode}: {current}")
    else:
        current.unlink()
    lines = "\n".join(f"{finding} ({folder})" for finding in findings)
    sys.stdout.write(f"seed {seed}: {summary or 'no summary'}\n{lines or 'nothing found'}\n")
    return 1 if findings or not summary else 0


if __name__ == "__main__":
    sys.exit(main())
