"""Signed content credentials are read in a process of their own, which strangers' bytes may break."""

import signal

import pytest
from PIL import Image

from bot.results import credentials
from bot.results.credentials import CredentialsReader, CredentialsReport, CredentialsState
from shared.imaging.xmp import SourceType
from tests.support.certificates import ORGANISATION, sign_picture
from tests.support.images import encode_image, make_noise_image, make_png_chunk

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
PLAIN = encode_image(make_noise_image((64, 64)), "PNG")


@pytest.mark.parametrize("kind", TYPES)
async def test_the_signer_is_named_and_a_changed_picture_is_found_out(kind: str) -> None:
    picture = encode_image(make_noise_image((64, 64)), kind)
    signed = sign_picture(picture, TYPES[kind], SourceType.FROM_WORDS)
    changed = signed[:-40] + bytes([signed[-40] ^ 1]) + signed[-39:]

    report = await CredentialsReader().read_credentials(signed)
    assert report == CredentialsReport(
        CredentialsState.INTACT, ORGANISATION, "A provider", source_types=[SourceType.FROM_WORDS.value], ingredients=[]
    )
    found = await CredentialsReader().read_credentials(changed)
    assert found is not None
    assert found.state is CredentialsState.BROKEN


async def test_a_picture_without_credentials_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_SCRIPT", "/nowhere")
    gif = encode_image(Image.new("P", (64, 64)), "GIF")
    assert [await CredentialsReader().read_credentials(data) for data in (PLAIN, gif, b"")] == 3 * [None]


@pytest.mark.parametrize("store", [b"", b"\0" * 4000, b"\xff" * 4000, b"\0\0\0\x10jumb" + bytes(40)], ids=len)
async def test_credentials_that_are_none_are_unreadable(store: bytes) -> None:
    data = PLAIN[:33] + make_png_chunk(b"caBX", store) + PLAIN[33:]
    assert await CredentialsReader().read_credentials(data) == CredentialsReport(CredentialsState.UNREADABLE)


@pytest.mark.parametrize(
    "script",
    [f"import os; os.kill(os.getpid(), {int(signal.SIGABRT)})", "import time; time.sleep(60)", "raise SystemExit(3)"],
)
async def test_a_parser_that_crashes_or_hangs_or_is_missing_is_survived(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, script: str
) -> None:
    path = tmp_path_factory.mktemp("reader") / "reader.py"
    path.write_text(script)
    monkeypatch.setattr(credentials, "_SCRIPT", str(path))
    monkeypatch.setattr(credentials, "_TIMEOUT_SECONDS", 2.0)
    data = PLAIN[:33] + make_png_chunk(b"caBX", b"store") + PLAIN[33:]
    assert await CredentialsReader().read_credentials(data) == CredentialsReport(CredentialsState.UNREADABLE)
