"""Reads one uploaded picture with content credentials (C2PA) as an ingredient, in a process of its own.

The bytes are a stranger's and the parser is not Python: should it crash, hang or take all memory, the worker and the
calls that it waits for go on. Run by `worker.ingredients` with the media type and the label as arguments and the
picture on standard input, it writes the ingredient's archive. The archive is added to a manifest once before, so that
nothing can happen in the worker that did not happen here. Nothing is fetched from the network.
"""

import io
import json
import resource
import sys
from contextlib import suppress
from typing import Final

_CPU_SECONDS: Final = 10
_MEMORY_BYTES: Final = 2 << 30
_SETTINGS: Final = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


def main() -> int:
    """Write the archive. Exit codes: 0, it is written; 1, the credentials cannot be read."""
    for limit, value in ((resource.RLIMIT_CPU, _CPU_SECONDS), (resource.RLIMIT_AS, _MEMORY_BYTES)):
        with suppress(ValueError, OSError):  # not every system has them
            resource.setrlimit(limit, (value, value))
    import c2pa  # noqa: PLC0415 - the limits come first

    media_type, label = sys.argv[1:]
    described = {"title": "the source picture", "relationship": "parentOf", "label": label}
    archive = io.BytesIO()
    try:
        with c2pa.Context(c2pa.Settings.from_dict(_SETTINGS)) as context:
            with c2pa.Builder({}, context) as builder:
                builder.add_ingredient(json.dumps(described), media_type, io.BytesIO(sys.stdin.buffer.read()))
                builder.write_ingredient_archive(label, archive)
            with c2pa.Builder({}, context) as builder:
                builder.add_ingredient_from_archive(io.BytesIO(archive.getvalue()))
    except c2pa.C2paError:
        return 1
    sys.stdout.buffer.write(archive.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
