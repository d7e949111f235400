"""`make hosts-test`: several hosts in network namespaces, whose network is cut under load; as root, on Linux.

    python -m tests.hosts --seed 1 --only bot-redis

Each group of faults has hosts of its own, in namespaces that end with their process. Exit codes: 0, the promises hold;
1, one does not; 2, the machine lacks something that this needs.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from demo.redis import RedisNotFoundError, find_server_binary
from tests.hosts.hosts import run_hosts
from tests.hosts.load import Load
from tests.hosts.measurement import measure_fault
from tests.hosts.network import NAMESPACES, PROGRAMS
from tests.hosts.network_faults import FAULTS, SHORT_FAULTS
from tests.support import postgresql

PARALLEL: Final = 3
SHORT: Final = "short"
SHORT_SETTINGS: Final = {"LEASE_SECONDS": "5", "RECONCILE_INTERVAL_SECONDS": "2"}
GROUP_SECONDS: Final = 1800
HEADER: Final = (
    "| Cut | s | asked | accepted | answered | billed | of unknown fate | s to a new image | s to the last answer |\n"
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
)


def describe_obstacle() -> str | None:
    """Say why this machine cannot run the hosts, or return None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Network namespaces need root on Linux."
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return (
            f"These programs are missing: {', '.join(missing)}. Debian's iproute2, iptables and util-linux have them."
        )
    if postgresql.find_binaries() is None:
        return postgresql.SKIP_REASON
    try:
        find_server_binary()
    except RedisNotFoundError as error:
        return str(error)
    rule = "iptables -A INPUT -m statistic --mode random --probability 0.5 -j DROP && iptables -t nat -S"
    tried = subprocess.run(
        ["unshare", *NAMESPACES, "sh", "-c", f"mount -t tmpfs try /run && {rule} && ip link add type veth"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return f"Namespaces cannot be used here: {tried.stderr.strip()}" if tried.returncode else None


def run_group(name: str, seed: int, folder: Path) -> int:
    """Run the faults of a group, in namespaces of this process, and print a row for each; return the exit code."""
    faults, settings = (SHORT_FAULTS, SHORT_SETTINGS) if name == SHORT else (FAULTS[name], {})
    is_fine = True
    subprocess.run(["mount", "-t", "tmpfs", "pentimento", tempfile.gettempdir()], check=True, timeout=30)
    with run_hosts(folder, **settings) as hosts:
        load = Load(hosts.stack, seed)
        for fault in faults:
            row = measure_fault(hosts, load, fault)
            print(row.describe(), *row.discrepancies, sep="\n", flush=True)
            is_fine = is_fine and not row.discrepancies
        hosts.stack.check_running()
    return 0 if is_fine else 1


def start_group(name: str, seed: int, *, keeps_logs: bool = False) -> int:
    """Run a group in new namespaces; return the exit code. The logs of a group that fails are kept."""
    folder = Path(tempfile.mkdtemp(prefix=f"pentimento-hosts-{os.getpid()}-"))
    data = folder / "data"  # where a file system is mounted that ends with the namespaces
    data.mkdir()
    folder.chmod(0o755)
    inner = (sys.executable, "-m", "tests.hosts", "--inside", str(folder), "--only", name, "--seed", str(seed))
    environment = os.environ | {"TMPDIR": str(data)}
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, *inner]
    code = subprocess.run(command, env=environment, check=False, timeout=GROUP_SECONDS).returncode
    if code or keeps_logs:
        print(f"{name} ended with {code}. The logs are in {folder}.", flush=True)
    else:
        shutil.rmtree(folder)
    return code


def main(arguments: Sequence[str]) -> int:
    """Run the groups, some at once, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", choices=(*FAULTS, SHORT), help="run one group")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        return run_group(options.only, options.seed, options.inside)
    if obstacle := describe_obstacle():
        print(obstacle, file=sys.stderr)
        return 2
    print(f"seed {options.seed}\n{HEADER}", flush=True)
    with ThreadPoolExecutor(PARALLEL) as executor:
        groups = [options.only] if options.only else list(FAULTS)
        codes = list(executor.map(lambda name: start_group(name, options.seed, keeps_logs=options.keep), groups))
    print("One of the promises does not hold." if any(codes) else "The promises hold.")
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
