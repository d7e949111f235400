"""The locked dependencies: hashes, no addresses, and wheels for every Python and platform that the README names."""

import re
from collections import Counter

import pytest
import yaml

from tests.architecture.lock import (
    EXTRAS,
    FOLDER,
    PLATFORMS,
    PROJECT,
    PYTHONS,
    ROOT,
    SUPPORTED,
    Platform,
    Requirement,
    Wheel,
    choose_wheels,
    find_missing_wheels,
    is_needed,
    read_requirements,
    read_wheels,
)

LINUX_X86, LINUX_ARM, MACOS_INTEL, MACOS_APPLE = PLATFORMS


@pytest.mark.parametrize("part", EXTRAS)
def test_locks_carry_hashes_and_no_addresses(part: str) -> None:
    text = (FOLDER / f"{part}.txt").read_text()

    assert "://" not in text
    assert len(read_requirements(part)) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE)) > 0


def test_every_lock_has_the_versions_and_hashes_of_the_one_for_development() -> None:
    everything = {(one.name, one.version, one.hashes) for one in read_requirements("dev")}

    for part in EXTRAS:
        assert {(one.name, one.version, one.hashes) for one in read_requirements(part)} <= everything


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_locked_package_has_a_wheel_with_a_hash(python: str, platform: Platform) -> None:
    assert find_missing_wheels(read_requirements("dev"), read_wheels(), python, platform) == []


def test_no_wheel_is_listed_that_is_installed_nowhere() -> None:
    requirements, wheels = read_requirements("dev"), read_wheels()
    installed = {
        wheel
        for python in PYTHONS
        for platform in PLATFORMS
        for _, wheel in choose_wheels(requirements, wheels, python, platform)
    }

    assert [wheel.file_name for wheel in wheels if wheel not in installed] == []
    assert [name for name, count in Counter(wheel.file_name for wheel in wheels).items() if count > 1] == []


def test_a_package_with_wheels_for_some_machines_only_is_named_for_the_others() -> None:
    needed = [Requirement("bundled-server", "6.2", None, frozenset({"1" * 64}))]
    wheels = [Wheel("bundled_server-6.2-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "1" * 64)]

    assert find_missing_wheels(needed, wheels, "3.12", LINUX_X86) == []
    for python, platform in (("3.13", LINUX_X86), ("3.12", LINUX_ARM), ("3.12", MACOS_INTEL), ("3.12", MACOS_APPLE)):
        assert find_missing_wheels(needed, wheels, python, platform) == ["bundled-server 6.2"]


@pytest.mark.parametrize(
    ("file_name", "sha256"),
    [
        ("bundled_server-6.3-py3-none-any.whl", "1" * 64),
        ("bundled_server-6.2-py3-none-any.whl", "2" * 64),
        ("bundled_server-6.2-py3-none-manylinux_2_35_x86_64.whl", "1" * 64),
        ("bundled_server-6.2-py3-none-musllinux_1_2_x86_64.whl", "1" * 64),
    ],
    ids=["another version", "another hash", "a newer glibc", "no glibc"],
)
def test_a_wheel_that_would_not_be_installed_does_not_count(file_name: str, sha256: str) -> None:
    needed = [Requirement("bundled-server", "6.2", None, frozenset({"1" * 64}))]

    assert find_missing_wheels(needed, [Wheel(file_name, sha256)], "3.12", LINUX_X86) == ["bundled-server 6.2"]


def test_a_marker_is_true_where_any_patch_release_of_a_python_needs_the_package() -> None:
    needed = {requirement.name: requirement for requirement in read_requirements("dev")}

    assert [is_needed(needed["async-timeout"], python, LINUX_X86) for python in PYTHONS] == [True, False, False, False]
    assert [is_needed(needed["audioop-lts"], python, LINUX_X86) for python in PYTHONS] == [False, False, True, True]
    assert not any(is_needed(needed["colorama"], python, platform) for python in PYTHONS for platform in PLATFORMS)


def test_the_readme_names_the_pythons_and_platforms_that_the_lock_is_held_to() -> None:
    assert SUPPORTED in " ".join((ROOT / "README.md").read_text().split())


def test_the_oldest_python_named_is_the_oldest_allowed() -> None:
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_the_containers_run_on_one_of_the_pythons_named() -> None:
    images = {
        image
        for half in ("bot", "worker")
        for image in re.findall(r"^ARG PYTHON_IMAGE=([^@\s]+)", (ROOT / half / "Dockerfile").read_text(), re.MULTILINE)
    }

    assert len(images) == 1
    assert images <= {f"python:{python}-slim" for python in PYTHONS}


def test_ci_runs_on_every_python_named() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == list(PYTHONS)
