"""The demo as users run it: one command generates an image and prints one line of JSON; no process is left behind."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from demo.__main__ import SAMPLE_IMAGE
from demo.certificate import ORGANISATION

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("DISCORD_OPENAPI_TOOLS", ROOT.parent / "shared" / "tools"))
CHECKER = TOOLS / "check_discord_exchanges.py"
CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
DEMO = [sys.executable, "-m", "demo"]


def mark_environment(folder: Path) -> dict[str, str]:
    """Mark the environment, which all child processes inherit, so that leftover processes can be found."""
    return {**os.environ, "LEFT_BEHIND_BY": str(folder)}


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*DEMO, "--once", "--folder", str(folder), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=mark_environment(folder), capture_output=True, text=True, timeout=100, check=False
    )


def list_leftover_processes(folder: Path) -> list[str]:
    mark, found = f"LEFT_BEHIND_BY={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
    return found


def sign_photo(folder: Path) -> tuple[str, ...]:
    """Give arguments for a photo that its camera signed; none where nothing can be signed."""
    if not importlib.util.find_spec("c2pa"):
        return ()
    from tests.support.certificates import sign_picture  # noqa: PLC0415 - it is skipped without c2pa

    photo = folder / "photo.jpg"
    photo.write_bytes(sign_picture(SAMPLE_IMAGE.read_bytes(), "image/jpeg", CAPTURE))
    return ("--image", str(photo))


def assert_has_lineage(picture: Path) -> None:
    """Check by the library's own reader that the demo signed a picture, with that of the camera as its parent."""
    script = (
        "import c2pa, json, sys; store = json.loads(c2pa.Reader(sys.argv[1]).json());"
        "manifest = store['manifests'][store['active_manifest']]; (parent,) = manifest['ingredients'];"
        "print(store['validation_state'], manifest['signature_info']['issuer'], parent['relationship']);"
        "print(json.dumps(store['manifests'][parent['active_manifest']]['assertions']))"
    )
    read = subprocess.run([sys.executable, "-c", script, picture], capture_output=True, text=True, check=True)
    first, second = read.stdout.splitlines()
    assert first == f"Valid {ORGANISATION} parentOf"
    assert CAPTURE in second


@dataclass(frozen=True)
class RecordedDemo:
    """A demo that has ended, with the exchanges with Discord that it recorded."""

    folder: Path
    process: subprocess.CompletedProcess[str]
    has_signed_photo: bool

    @property
    def exchanges(self) -> Path:
        return self.folder / "exchanges.jsonl"


@pytest.fixture(scope="module")
def recorded_demo(tmp_path_factory: pytest.TempPathFactory) -> RecordedDemo:
    folder = tmp_path_factory.mktemp("demo")
    photo = sign_photo(folder)
    process = run_demo(folder, "--record", str(folder / "exchanges.jsonl"), *photo)
    return RecordedDemo(folder, process, bool(photo))


def test_once_generates_an_image_and_prints_one_line_of_json(recorded_demo: RecordedDemo) -> None:
    process = recorded_demo.process
    assert process.returncode == 0, process.stderr
    printed = json.loads(process.stdout.splitlines()[-1])
    assert set(printed) == {"job", "seed", "model", "thread", "file", "seconds"}
    with Image.open(printed["file"]) as picture:
        assert picture.format == "PNG"
        assert json.loads(picture.info["pentimento"])["seed"] == printed["seed"]
    if recorded_demo.has_signed_photo:
        assert_has_lineage(Path(printed["file"]))
    assert recorded_demo.exchanges.stat().st_size > 0
    assert list_leftover_processes(recorded_demo.folder) == []


def test_the_recorded_exchanges_conform_to_discords_openapi_document(recorded_demo: RecordedDemo) -> None:
    if not CHECKER.exists():
        pytest.skip(f"Discord's OpenAPI document is not beside the checkout ({CHECKER})")
    assert recorded_demo.process.returncode == 0, recorded_demo.process.stderr

    command = [sys.executable, str(CHECKER), str(recorded_demo.exchanges)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_the_demo_exits_with_a_message_if_no_image_was_generated(tmp_path: Path) -> None:
    process = run_demo(tmp_path, "--prompt", "a castle [filtered]")

    assert process.returncode == 1
    assert "filter" in process.stderr


def test_a_missing_image_file_is_reported_before_anything_starts(tmp_path: Path) -> None:
    process = run_demo(tmp_path, "--image", "no-such-picture.png")

    assert process.returncode == 1
    assert "no-such-picture.png" in process.stderr
    assert not any(tmp_path.iterdir())


def test_interrupting_stops_everything_and_a_second_start_works(tmp_path: Path) -> None:
    for _ in range(2):
        process = subprocess.Popen(
            [*DEMO, "--folder", str(tmp_path)],
            cwd=ROOT,
            env=mark_environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        output = ""
        while "Ctrl-C" not in output:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            output += line
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=40)

        assert process.returncode == 0
        assert "Stopped." in rest
        assert "Traceback" not in errors
        assert list_leftover_processes(tmp_path) == []
