"""The words of a family: what was changed from one picture to the next, within Discord's limits whatever they hold."""

import pytest
from discord.ui import MediaGallery, TextDisplay
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.features.lineage.view import build_lineage_view, describe_changes
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.job import Job, Origin, Requester
from shared.prompts import TextPrompt
from shared.request.model import Request

CATALOGUE = load_catalogue()
MESSAGES = load_messages("en-US")


def make_record(
    number: int = 1,
    *,
    name: str = "Ada",
    prompt: str = "a castle",
    model: str = "sdxl",
    parent: str | None = None,
    **options: object,
) -> JobRecord:
    request = Request.model_validate(
        {"model": model, "text_prompts": (TextPrompt(text=prompt),), "has_picture": True, **options}
    )
    job = Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=request,
        seed=number,
        requester=Requester(id=1, name=name),
        origin=Origin(guild_id=1, channel_id=2, message_id=number),
        accepted_at=number,
        parent_id=parent,
    )
    return JobRecord(job, "generated", 4_294_967_295, MessageRef(2**62, 2**62), 1.0)


@pytest.mark.parametrize(
    ("child", "words"),
    [
        (make_record(), "another seed"),
        (make_record(keep=80), "keep 80%"),
        (make_record(prompt="a ship"), "“a ship”"),
        (make_record(steps=50, style_preset="anime"), "steps 50, style Anime"),
        (make_record(model="sd3.5-large"), "SD 3.5 Large"),
    ],
)
def test_what_was_changed_is_said_and_nothing_else(child: JobRecord, words: str) -> None:
    assert describe_changes(make_record(), child, CATALOGUE, MESSAGES).startswith(words)


def test_what_the_tree_shows_is_said_in_a_line_a_picture_too() -> None:
    parent = make_record(1)
    family = [parent, make_record(2, parent=parent.job.id, keep=80)]

    view = build_lineage_view(
        family,
        family[1].job.id,
        MESSAGES,
        CATALOGUE,
        original_count=1,
        tree_filename="t.jpg",
        timelapse_filename="f.webp",
    )

    title, *_, lines = [item.content for item in view.walk_children() if isinstance(item, TextDisplay)]
    assert title == "### The lineage of this picture: 3 pictures"
    assert [line.partition("]")[0] for line in lines.split("\n")] == ["1. original", "2. [Ada", "3. [Ada"]
    assert lines.endswith(" · **this picture** · from 2: keep 80%")
    galleries = [item for item in view.walk_children() if isinstance(item, MediaGallery)]
    assert [len(gallery.items) for gallery in galleries] == [1, 1]


@given(st.text(max_size=100), st.integers(1, 60), st.integers(0, 3), st.sampled_from(list_languages()))
def test_the_message_of_any_family_is_within_discords_limits(
    name: str, count: int, originals: int, language: str
) -> None:
    family = [make_record(0, name=name)]
    for number in range(1, count):
        family.append(make_record(number, name=name, parent=family[-1].job.id, prompt=name or "a castle"))

    view = build_lineage_view(
        family,
        family[-1].job.id,
        load_messages(language),
        CATALOGUE,
        original_count=originals,
        tree_filename="t.jpg",
        timelapse_filename="f.webp",
    )

    assert view.content_length() <= 4000
    assert view.total_children_count <= 40
