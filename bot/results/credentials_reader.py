"""Reads the signed content credentials (C2PA) of one picture, in a process of its own.

The bytes are a stranger's and the parser is not Python: should it crash, hang or take all memory, the bot goes on. Run
by `bot.results.credentials` with the media type as argument and the picture on standard input, it prints JSON. Nothing
is fetched from the network, whatever the picture asks for.
"""

import io
import json
import resource
import sys
from contextlib import suppress
from typing import Any, Final

_CPU_SECONDS: Final = 10
_MEMORY_BYTES: Final = 2 << 30
_TEXT_LIMIT: Final = 200
_MAX_INGREDIENTS: Final = 50
_SETTINGS: Final = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


def main() -> int:
    """Print a summary. Exit codes: 0, read; 1, the credentials cannot be read; 3, the library is not installed."""
    for limit, value in ((resource.RLIMIT_CPU, _CPU_SECONDS), (resource.RLIMIT_AS, _MEMORY_BYTES)):
        with suppress(ValueError, OSError):  # not every system has them
            resource.setrlimit(limit, (value, value))
    try:
        import c2pa  # noqa: PLC0415 - the limits come first
    except ImportError:
        return 3
    try:
        with c2pa.Context(c2pa.Settings.from_dict(_SETTINGS)) as context:
            reader = c2pa.Reader(sys.argv[1], io.BytesIO(sys.stdin.buffer.read()), context=context)
            summary = summarise(json.loads(reader.json()))
    except (c2pa.C2paError, ValueError, KeyError, TypeError, AttributeError):
        return 1
    sys.stdout.write(json.dumps(summary))
    return 0


def summarise(store: dict[str, Any]) -> dict[str, Any]:
    """Summarise a manifest store as the library reports it."""
    manifest = store["manifests"][store["active_manifest"]]
    signature = manifest.get("signature_info") or {}
    generators = manifest.get("claim_generator_info") or [{}]
    ingredients = manifest.get("ingredients") or []
    return {
        "state": str(store.get("validation_state", "")),
        "signer": _shorten(signature.get("issuer") or signature.get("common_name")),
        "generator": _shorten(generators[0].get("name") or manifest.get("claim_generator")),
        "signed_at": _shorten(signature.get("time")),
        "source_types": sorted({_shorten(kind) for kind in _list_source_types(manifest)}),
        "ingredients": [_shorten(one.get("title")) for one in ingredients[:_MAX_INGREDIENTS]],
    }


def _list_source_types(manifest: dict[str, Any]) -> list[str]:
    """List the digital source types of all actions."""
    actions = [
        action
        for assertion in manifest.get("assertions") or []
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion["data"].get("actions") or []
    ]
    return [action["digitalSourceType"] for action in actions if "digitalSourceType" in action]


def _shorten(text: object) -> str:
    return str(text or "")[:_TEXT_LIMIT]


if __name__ == "__main__":
    sys.exit(main())
