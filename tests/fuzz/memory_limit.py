"""`worker.imaging.prepare` in a process that may use only so much memory, a line of JSON for each file it was given.

    python -m tests.fuzz.memory_limit FOLDER

A crash of a codec or a file that takes more ends this process, and its last line says which file it was.
"""

import json
import resource
import sys
import time
from pathlib import Path

from shared.imaging.limits import ImageRejectedError
from worker.imaging.preparation import prepare_image

MEMORY = 1 << 30  # of addresses: Python, Pillow and its codecs, and the picture
SIZES = [(1024, 1024), (1344, 768), (64, 64)]


def limit_memory(most: int = MEMORY) -> None:
    """Bound this process's addresses; what asks for more gets a MemoryError."""
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def classify_outcome(data: bytes, fit: str = "crop") -> str:
    """Prepare a picture; answer "shown", the code of its refusal, or what should never be raised, after an `!`."""
    try:
        prepare_image(data, SIZES, fit)
    except ImageRejectedError as refused:
        return refused.code
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return f"!{type(error).__name__}: {error}"
    return "shown"


def read_peak_mib() -> int:
    """Tell the most memory that this program held; `ru_maxrss` would count what its parent held before it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def print_json(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(folder: Path) -> int:
    """Prepare every file of the folder."""
    limit_memory()
    for path in sorted(folder.iterdir()):
        print_json({"name": path.name})
        data, started = path.read_bytes(), time.process_time()
        said = classify_outcome(data)
        line = {"name": path.name, "said": said, "seconds": time.process_time() - started, "peak_mib": read_peak_mib()}
        print_json(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
