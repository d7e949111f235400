"""Bills of materials (CycloneDX, https://cyclonedx.org): the packages of a part, by hash, and which needs which."""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.release.version import ReleaseError

PARTS: Final = ("bot", "worker")
ROOT_COMPONENT: Final = "pentimento"


def build_sbom(root: Path, part: str, epoch: int) -> str:
    """Build the bill of a part from its lock, as JSON, with the time in seconds since 1970.

    Raises `ReleaseError` if it cannot be built or is not valid.
    """
    lock = root / "requirements" / f"{part}.txt"
    options = ("--output-reproducible", "--no-validate", "--pyproject", root / "pyproject.toml")
    made = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", *options, lock],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ReleaseError(f"The bill of materials of the {part} cannot be made: {made.stderr.strip()}")
    bill = json.loads(made.stdout)
    _describe_components(bill, part)
    _add_dependencies(bill, read_needs(lock))
    text = json.dumps(bill, indent=2, sort_keys=True) + "\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jsonschema's old resolver of references
        if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
            raise ReleaseError(f"The bill of materials of the {part} is not valid: {fault}")
    return text


def read_needs(lock: Path) -> dict[str, set[str]]:
    """Read from a lock's comments which packages each package needs; the project itself is `pentimento`."""
    needs: dict[str, set[str]] = {}
    for name, comments in re.findall(
        r"^([a-z0-9-]+)==.*\n((?:    .*\n)*)", lock.read_text(encoding="utf-8"), re.MULTILINE
    ):
        needs.setdefault(name, set())
        for parent in re.findall(
            r"^    # (?:via|  ) ?([a-z0-9-]+)(?:\[.*\])?(?: \(pyproject\.toml\))?$", comments, re.MULTILINE
        ):
            needs.setdefault(parent, set()).add(name)
    return needs


def _describe_components(bill: dict[str, Any], part: str) -> None:
    root = bill["metadata"]["component"]
    root["description"] = f"{root['description']} The {part}."
    root["bom-ref"] = ROOT_COMPONENT
    for component in bill["components"]:
        # what is there by default is the line of the lock, and a number in it
        del component["description"]
        component["bom-ref"] = component["name"]


def _add_dependencies(bill: dict[str, Any], needs: dict[str, set[str]]) -> None:
    names = [ROOT_COMPONENT, *(component["name"] for component in bill["components"])]
    bill["dependencies"] = [{"ref": name, "dependsOn": sorted(needs.get(name, ()))} for name in names]
