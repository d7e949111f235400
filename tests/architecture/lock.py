"""Locks the dependencies, with hashes and without addresses: `python -m tests.architecture.lock [--upgrade]`.

It writes a file for each part to `requirements/`, and to `requirements/wheels.txt` the wheels that pip installs on the
Pythons and platforms that the README names: a line is a wheel's SHA-256 and its file name, as `sha256sum` writes them.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "requirements"
WHEELS: Final = FOLDER / "wheels.txt"
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# dev comes first and has every package; the other parts take their versions from it
EXTRAS: Final[dict[str, tuple[str, ...]]] = {
    "dev": tuple(PROJECT["optional-dependencies"]),
    "bot": ("bot", "postgresql", "s3", "tracing", "c2pa"),
    "worker": ("worker", "tracing", "heif", "c2pa"),
    "demo": ("demo", "bot", "worker", "heif", "c2pa"),
}

GLIBC_MINOR: Final = 28  # glibc 2.28
MACOS_MAJOR: Final = 13


@dataclass(frozen=True)
class Platform:
    """One kind of machine: its values for requirement markers, and the platform tags of wheels that run on it."""

    name: str
    sys_platform: str
    machine: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Requirement:
    """One line of a lock."""

    name: str
    version: str
    marker: Marker | None
    hashes: frozenset[str]


@dataclass(frozen=True)
class Wheel:
    """One file that pip may install."""

    file_name: str
    sha256: str

    @property
    def project(self) -> tuple[str, str]:
        name, version, *_ = parse_wheel_filename(self.file_name)
        return name, str(version)

    @property
    def tags(self) -> frozenset[Tag]:
        return parse_wheel_filename(self.file_name)[3]


def list_linux_tags(machine: str) -> tuple[str, ...]:
    """List the platform tags of Linux with the oldest glibc that is supported, the best one first."""
    oldest_minor = 5 if machine == "x86_64" else 17
    older = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    tags = []
    for minor in range(GLIBC_MINOR, oldest_minor - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in older:
            tags.append(f"{older[minor]}_{machine}")
    return (*tags, f"linux_{machine}")


PLATFORMS: Final = (
    Platform("Linux x86-64", "linux", "x86_64", list_linux_tags("x86_64")),
    Platform("Linux ARM64", "linux", "aarch64", list_linux_tags("aarch64")),
    Platform("macOS Intel", "darwin", "x86_64", tuple(mac_platforms((MACOS_MAJOR, 0), "x86_64"))),
    Platform("macOS Apple silicon", "darwin", "arm64", tuple(mac_platforms((MACOS_MAJOR, 0), "arm64"))),
)
PYTHONS: Final = tuple(
    version.removeprefix("Programming Language :: Python :: ")
    for version in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", version)
)
SUPPORTED: Final = (
    f"Python {', '.join(PYTHONS[:-1])} or {PYTHONS[-1]} on Linux (x86-64 or ARM64, glibc 2.{GLIBC_MINOR} or later) "
    f"or macOS {MACOS_MAJOR} or later (Intel or Apple silicon)"
)


def read_requirements(part: str) -> list[Requirement]:
    """Read a lock of `requirements/`."""
    text = (FOLDER / f"{part}.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9-]+)==([^ \n]+)(?: ; ([^\\\n]+))?((?: \\\n    --hash=\S+)+)", text, re.MULTILINE)
    return [
        Requirement(
            name, version, Marker(marker) if marker else None, frozenset(re.findall(r"--hash=sha256:(\w+)", hashes))
        )
        for name, version, marker, hashes in entries
    ]


def read_wheels() -> list[Wheel]:
    """Read `requirements/wheels.txt`."""
    lines = WHEELS.read_text(encoding="utf-8").splitlines()
    return [Wheel(file_name, sha256) for sha256, file_name in map(str.split, lines)]


def is_needed(requirement: Requirement, python: str, platform: Platform) -> bool:
    """Tell whether a requirement is installed on any patch release of this Python and on this platform."""
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": platform.machine,
        "platform_python_implementation": "CPython",
        "platform_system": platform.sys_platform.capitalize(),
        "python_version": python,
        "sys_platform": platform.sys_platform,
    }
    return requirement.marker is None or any(
        requirement.marker.evaluate(environment | {"python_full_version": f"{python}.{patch}"}) for patch in (0, 99)
    )


def rank_tags(python: str, platform: Platform) -> dict[Tag, int]:
    """Give each tag that this Python on this platform accepts its rank; the lowest is installed first."""
    version = tuple(map(int, python.split(".")))
    own = cpython_tags(version, platforms=platform.tags)
    shared = compatible_tags(version, f"cp{version[0]}{version[1]}", platform.tags)
    return {tag: rank for rank, tag in enumerate((*own, *shared))}


def choose_wheels(
    requirements: Iterable[Requirement], wheels: Iterable[Wheel], python: str, platform: Platform
) -> Iterator[tuple[Requirement, Wheel | None]]:
    """Choose, for each requirement that is needed here, the wheel that is installed; None where no wheel fits."""
    ranks = rank_tags(python, platform)
    fitting: dict[tuple[str, str], list[tuple[int, Wheel]]] = {}
    for wheel in wheels:
        if accepted := [ranks[tag] for tag in wheel.tags if tag in ranks]:
            fitting.setdefault(wheel.project, []).append((min(accepted), wheel))
    for requirement in requirements:
        if is_needed(requirement, python, platform):
            choices = [
                (rank, wheel)
                for rank, wheel in fitting.get((requirement.name, requirement.version), [])
                if wheel.sha256 in requirement.hashes
            ]
            yield requirement, min(choices, key=lambda choice: choice[0])[1] if choices else None


def find_missing_wheels(
    requirements: Iterable[Requirement], wheels: Iterable[Wheel], python: str, platform: Platform
) -> list[str]:
    """Name the requirements for which this Python on this platform would have to build from source."""
    chosen = choose_wheels(requirements, wheels, python, platform)
    return [f"{requirement.name} {requirement.version}" for requirement, wheel in chosen if wheel is None]


def compile_lock(part: str, output: Path, *options: str) -> None:
    """Let uv resolve a part's dependencies for all Pythons and platforms."""
    wanted = [option for extra in EXTRAS[part] for option in ("--extra", extra)]
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes"]
    command += [
        "--fork-strategy",
        "fewest",
        "--no-emit-index-url",
        "--no-header",
        *wanted,
        *options,
        "pyproject.toml",
        "--output-file",
        str(output),
    ]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)


def fetch_wheels() -> list[Wheel]:
    """Ask the package index for the wheels of the locked versions."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "pylock.toml"
        compile_lock("dev", answer, "--format", "pylock.toml", "--constraint", "requirements/dev.txt")
        packages = tomllib.loads(answer.read_text(encoding="utf-8"))["packages"]
    return [
        Wheel(wheel["url"].rsplit("/", 1)[1], wheel["hashes"]["sha256"])
        for package in packages
        for wheel in package.get("wheels", [])
    ]


def main(arguments: list[str]) -> int:
    """Write the locks and the table of wheels; 1 when a wheel is missing somewhere."""
    compile_lock("dev", FOLDER / "dev.txt", *arguments)
    for part in list(EXTRAS)[1:]:
        compile_lock(part, FOLDER / f"{part}.txt", "--constraint", "requirements/dev.txt", *arguments)
    requirements, wheels = read_requirements("dev"), fetch_wheels()
    installed, missing = set(), []
    for python in PYTHONS:
        for platform in PLATFORMS:
            installed |= {wheel for _, wheel in choose_wheels(requirements, wheels, python, platform) if wheel}
            found = find_missing_wheels(requirements, wheels, python, platform)
            missing += [f"No wheel of {name} for Python {python} on {platform.name}" for name in found]
    lines = sorted(f"{wheel.sha256}  {wheel.file_name}\n" for wheel in installed)
    WHEELS.write_text("".join(sorted(lines, key=lambda line: line.split()[1].lower())), encoding="utf-8")
    print("\n".join((*missing, f"{len(requirements)} packages are locked, {len(lines)} wheels are listed.")))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
