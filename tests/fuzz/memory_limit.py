"""Prepares every file of a folder in a process with little memory, and prints lines of JSON about each.

    python -m tests.fuzz.memory_limit FOLDER

If a codec crashes or a file takes too much memory, the last line names the file.
"""

import json
import resource
import sys
import time
from pathlib import Path

from shared.imaging.limits import ImageRejectedError
from worker.imaging.preparation import prepare_image

MAX_ADDRESS_SPACE = 1 << 30  # bytes, for Python, Pillow, its codecs and the image
SIZES = [(1024, 1024), (1344, 768), (64, 64)]


def limit_memory(max_bytes: int = MAX_ADDRESS_SPACE) -> None:
    """Limit the address space of this process. Beyond it, allocations raise `MemoryError`."""
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def classify_outcome(data: bytes, fit: str = "crop") -> str:
    """Prepare an image; return "shown", the code of its rejection, or any other error after an `!`."""
    try:
        prepare_image(data, SIZES, fit)
    except ImageRejectedError as rejected:
        return rejected.code
    except Exception as error:  # noqa: BLE001 - any error is a finding
        return f"!{type(error).__name__}: {error}"
    return "shown"


def read_peak_mib() -> int:
    """Read the peak memory of this process; `ru_maxrss` would include its parent's before the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def print_json(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main(folder: Path) -> int:
    """Prepare every file of the folder."""
    limit_memory()
    for path in sorted(folder.iterdir()):
        print_json({"name": path.name})
        data, start = path.read_bytes(), time.process_time()
        outcome = classify_outcome(data)
        seconds = time.process_time() - start
        print_json({"name": path.name, "outcome": outcome, "seconds": seconds, "peak_mib": read_peak_mib()})
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
