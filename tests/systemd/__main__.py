"""`make units-test`: the units, started by a real systemd in namespaces of its own, as root on Linux.

Exit codes: 0, everything holds; 1, something does not; 2, the machine lacks what this needs.
"""

import os
import shutil
import site
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent
SECONDS: Final = 180
PROGRAMS: Final = ("unshare", "redis-server", "curl", "systemd-analyze", "ip")
NAMESPACES: Final = ("--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup", "--kill-child=SIGKILL")


def main() -> int:
    """Run the scenario, print its lines, and return the exit code."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if sys.platform != "linux" or os.geteuid() != 0 or missing:
        print(f"This needs root on Linux with systemd, and {', '.join(missing or PROGRAMS)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pentimento-units-") as folder:
        output, files = Path(folder) / "output", Path(folder) / "files"
        output.mkdir()
        files.mkdir()
        arguments = (ROOT, site.getsitepackages()[0], sys.base_prefix, HERE / "scenario.sh", output, files)
        booted = subprocess.run(
            ["unshare", *NAMESPACES, "--propagation=private", "bash", HERE / "boot.sh", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        lines = output / "lines"
        text = lines.read_text() if lines.exists() else booted.stdout
    print(text)
    return 0 if text.endswith("the end\n") and "FAILED" not in text else 1


if __name__ == "__main__":
    sys.exit(main())
