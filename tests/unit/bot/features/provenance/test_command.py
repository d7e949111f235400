"""“Provenance”: which facts about a picture are told to whom."""

import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.images import RemoteImage
from bot.domain.messages import MessageRef
from bot.domain.provenance import FileKind, PostedFile
from bot.domain.records import JobRecord
from bot.features.provenance.command import MAX_PICTURES, ProvenanceCommand
from bot.features.provenance.findings import Findings, Match
from bot.features.provenance.view import build_provenance_view
from bot.results.credentials import CredentialsReader, CredentialsReport, CredentialsState
from bot.results.lookup import ResultLookup
from shared.imaging.marks import embed_marks
from shared.imaging.xmp import Marks, SourceType
from shared.job import EntryRef
from shared.outcome import Credentials
from tests.support.certificates import ORGANISATION, sign_picture
from tests.support.images import encode_image, make_noise_image
from tests.support.members import make_interaction
from tests.support.views import CATALOGUE, EN, FR, assert_fits_discord, join_texts, make_request, make_result_record

AUTHOR, OTHER = 42, 77
PLAIN = encode_image(make_noise_image((64, 64)), "JPEG")
RECORD = make_result_record(make_request(prompt="a secret prompt"))
SETTINGS = json.dumps({"job": RECORD.job.id, "seed": 1, "request": RECORD.job.request.model_dump(mode="json")})
MARKED = embed_marks(
    PLAIN, Marks(source_type=SourceType.FROM_PICTURE, creator_tool="Pentimento", model="SDXL 1.0", settings=SETTINGS)
)


class FakeHistory:
    def __init__(self, record: JobRecord | None) -> None:
        self.record = record

    async def find_job(self, job_id: str) -> JobRecord | None:
        return self.record if self.record and self.record.job.id == job_id else None


class FakeHashes:
    """Knows the bytes of one file."""

    is_hashed = True

    def __init__(self, data: bytes, kind: FileKind, credentials: Credentials | None) -> None:
        self.sha256, self.file = hashlib.sha256(data).hexdigest(), PostedFile(RECORD.job.id, kind, credentials)

    async def has_result_hash(self, _job_id: str) -> bool:
        return self.is_hashed

    async def find_file(self, sha256: str) -> PostedFile | None:
        return self.file if sha256 == self.sha256 else None


async def tell(
    data: bytes,
    *,
    record: JobRecord | None = RECORD,
    posted: bytes = MARKED,
    kind: FileKind = FileKind.RESULT,
    credentials: Credentials | None = None,
    user: int = OTHER,
    guild_id: int | None = 1,
    channel_id: int = 2,
    pictures: int = 1,
) -> str:
    """Return the text that a user reads who uses the command on a stranger's message with this picture."""

    async def fetch_image(_image: RemoteImage) -> bytes:
        return data

    unused: Any = None
    history: Any = FakeHistory(record)
    hashes: Any = FakeHashes(posted, kind, credentials)
    command = ProvenanceCommand(
        ResultLookup(history, unused, unused, fetch_image), hashes, CredentialsReader(), CATALOGUE
    )
    attachments = [make_attachment(number) for number in range(pictures)]
    message: Any = SimpleNamespace(
        attachments=attachments,
        components=[],
        embeds=[],
        content="",
        message_snapshots=[],
        stickers=[],
        author=SimpleNamespace(id=5),
        flags=SimpleNamespace(ephemeral=False),
    )
    client = SimpleNamespace(user=SimpleNamespace(id=1))
    interaction = await make_interaction(user_id=user, guild_id=guild_id, channel_id=channel_id, client=client)
    rendered = await command._render_provenance(interaction, message)
    assert_fits_discord(rendered.view)
    return join_texts(rendered.view)


def make_attachment(number: int) -> Any:
    url = f"https://cdn.discordapp.com/attachments/1/{number}/x.jpg"
    facts = {"url": url, "size": 9, "filename": "x.jpg", "content_type": "image/jpeg", "width": 8, "height": 8}
    return SimpleNamespace(**facts, is_spoiler=lambda: False)


async def test_the_file_that_was_posted_is_told_with_model_person_and_place_and_without_the_prompt() -> None:
    text = await tell(MARKED)
    assert "I made this picture with SDXL 1.0" in text
    assert "from a picture, for <@42>" in text
    assert "byte for byte" in text
    assert "https://discord.com/channels/1/2/3" in text
    assert "AI had a part in it" in text
    assert "secret prompt" not in text


@pytest.mark.parametrize(("kind", "words"), [(FileKind.SMALLER, "smaller copy"), (FileKind.PREVIEW, "the preview")])
async def test_a_copy_is_told_as_a_copy(kind: FileKind, words: str) -> None:
    text = await tell(PLAIN, posted=PLAIN, kind=kind)
    assert words in text
    assert "byte for byte" not in text


async def test_a_changed_file_with_its_marks_is_told_as_changed_or_copied() -> None:
    text = await tell(MARKED, posted=PLAIN)
    assert "it isn't a file I posted" in text
    assert "byte for byte" not in text


async def test_a_result_of_an_earlier_release_is_not_said_to_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHashes, "is_hashed", False)
    text = await tell(MARKED, posted=PLAIN)
    assert "I can't tell whether this is it, unchanged" in text
    assert "isn't a file I posted" not in text


async def test_a_picture_without_anything_proves_nothing() -> None:
    text = await tell(PLAIN)
    assert "no such file" in text
    assert "none that I can read" in text
    assert "There are none." in text
    assert "proves nothing" in text


HIDDEN: dict[str, dict[str, Any]] = {
    "deleted": {"record": replace(RECORD, is_deleted=True)},
    "deleted, to its author": {"record": replace(RECORD, is_deleted=True), "user": AUTHOR},
    "a secret entry": {
        "record": replace(
            RECORD,
            job=RECORD.job.model_copy(update={"entry": EntryRef(contest_id="1", round_number=1)}),
            message=None,
        )
    },
    "posted to its author alone": {"record": replace(RECORD, message=MessageRef(9, 3, is_private=True))},
    "asked for in direct messages": {
        "record": replace(
            RECORD,
            job=RECORD.job.model_copy(
                update={"origin": RECORD.job.origin.model_copy(update={"is_direct_message": True})}
            ),
        )
    },
    "of another server": {"guild_id": 99},
    "of a channel that they cannot read": {"channel_id": 8},
    "in direct messages": {"guild_id": None},
    "without a picture": {"record": replace(RECORD, outcome_kind="filtered")},
    "forgotten": {"record": None},
}


@pytest.mark.parametrize("case", HIDDEN)
@pytest.mark.parametrize("posted", [MARKED, PLAIN], ids=["same bytes", "changed"])
async def test_what_a_person_may_not_see_is_not_among_the_records(case: str, posted: bytes) -> None:
    text = await tell(MARKED, posted=posted, **HIDDEN[case])
    assert "no such file among the pictures that you may see" in text
    assert "<@42>" not in text
    assert "discord.com/channels" not in text
    assert "AI had a part in it" in text, "the marks are the picture's own"


@pytest.mark.parametrize("case", ["posted to its author alone", "asked for in direct messages", "a secret entry"])
async def test_its_author_learns_of_a_private_result(case: str) -> None:
    text = await tell(MARKED, user=AUTHOR, **HIDDEN[case])
    assert "I made this picture" in text
    if case == "posted to its author alone":
        assert "discord.com/channels" not in text


async def test_who_signed_is_told_with_care() -> None:
    signed = sign_picture(PLAIN, "image/jpeg", SourceType.FROM_WORDS)
    text = await tell(signed)
    assert f"Signed by {ORGANISATION}, and unchanged since. Whether to trust" in text.replace("\\", "")
    assert "trainedAlgorithmicMedia" in text


async def test_a_result_that_the_model_signed_is_told_to_be_untouched() -> None:
    signed = sign_picture(PLAIN, "image/jpeg", SourceType.FROM_WORDS)
    assert "The model signed it" in await tell(signed, posted=signed, credentials=Credentials.MODEL)
    assert "The model signed it" not in await tell(signed, posted=signed, credentials=Credentials.OWN)


async def test_the_first_pictures_of_a_message_are_told_and_others_are_mentioned() -> None:
    text = await tell(MARKED, pictures=MAX_PICTURES + 3)
    assert f"Picture {MAX_PICTURES}" in text
    assert f"Picture {MAX_PICTURES + 1}" not in text
    assert "more pictures, which I left out" in text


@pytest.mark.parametrize("messages", [EN, FR], ids=["en", "fr"])
@pytest.mark.parametrize("state", CredentialsState)
def test_all_words_fit_discord_with_the_longest_marks_that_a_stranger_can_write(
    messages: Any, state: CredentialsState
) -> None:
    long = "**long** " * 200
    marks = Marks(long, long, long, long, long, long)
    report = CredentialsReport(state, long, long, long, [long] * 9, [long] * 50)
    files = [PostedFile(RECORD.job.id, kind, Credentials.MODEL) for kind in FileKind]
    findings = [
        *(Findings(Match.EXACT, marks, report, RECORD, file) for file in files),
        Findings(Match.CHANGED, marks, report, RECORD),
    ]
    view = build_provenance_view(findings, CATALOGUE, messages, has_more=True)
    assert_fits_discord(view)
    assert "**long**" not in join_texts(view)
