"""Pinning container images by digest: a tag may come to name another image, a digest cannot."""

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tests.release.version import ReleaseError

PATTERNS: Final = (
    "bot/Dockerfile",
    "worker/Dockerfile",
    "docker-compose.yml",
    "deploy/kubernetes/base/*.yaml",
    "deploy/kubernetes/components/*/*.yaml",
)
# python:3.13-slim, dxflrs/garage:v2.3.0@sha256:…; the images of this project have no tag there
_REFERENCE: Final = re.compile(
    r"^(?P<before>ARG PYTHON_IMAGE=| +image: )(?P<name>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?$",
    re.MULTILINE,
)


def pin_images(root: Path, find_digest: Callable[[str], str]) -> dict[str, str]:
    """Write the digest behind every image with a tag, and return the digests by image."""
    files = list(_list_files(root))
    names = {match["name"] for file in files for match in _REFERENCE.finditer(file.read_text(encoding="utf-8"))}
    digests = {name: find_digest(name) for name in sorted(names)}
    for file in files:
        text = file.read_text(encoding="utf-8")
        file.write_text(
            _REFERENCE.sub(lambda match: f"{match['before']}{match['name']}@{digests[match['name']]}", text),
            encoding="utf-8",
        )
    return digests


def fetch_digest(image: str) -> str:
    """Ask the image's registry, by Docker, for the digest of all its platforms. Raises `ReleaseError`."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ReleaseError("Docker is not installed. Pin the images on a machine that has it.") from None
    if asked.returncode:
        raise ReleaseError(f"{image} cannot be found. Docker said: {asked.stderr.strip()}")
    digest = str(json.loads(asked.stdout)["digest"])
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ReleaseError(f"{digest} is no digest of {image}. See that Docker has the plugin buildx.")
    return digest


def _list_files(root: Path) -> Iterable[Path]:
    for pattern in PATTERNS:
        yield from sorted(root.glob(pattern))
