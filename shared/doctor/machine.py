"""Checking the machine: room on its disks, and how many files a process may have open."""

import resource
import shutil
from pathlib import Path
from typing import Final

from shared.doctor.findings import Finding, Status

_BYTES_PER_MIB: Final = 1024 * 1024
WARNING_BYTES: Final = 1024 * _BYTES_PER_MIB
ERROR_BYTES: Final = 100 * _BYTES_PER_MIB


def check_disk(name: str, folder: Path) -> Finding:
    """Check the room on the disk of a folder."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(
            name, Status.ERROR, f"{folder} cannot be used ({error.strerror}).", "Create it, or correct its path."
        )
    what = f"{free // _BYTES_PER_MIB} MiB are free in {folder}."
    if free >= WARNING_BYTES:
        return Finding(name, Status.OK, what)
    return Finding(name, Status.ERROR if free < ERROR_BYTES else Status.WARNING, what, "Make room on that disk.")


def check_open_files(name: str, needed: int) -> Finding:
    """Check that the limit on open files allows as many as are needed."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= needed:
        shown = "any number of" if limit == resource.RLIM_INFINITY else limit
        return Finding(name, Status.OK, f"A process may have {shown} files open.")
    return Finding(
        name,
        Status.WARNING,
        f"A process may have {limit} files open, and up to {needed} may be needed.",
        f"Raise the limit (ulimit -n {needed}, or LimitNOFILE={needed} in systemd).",
    )
