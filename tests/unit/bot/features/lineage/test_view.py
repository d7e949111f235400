"""The text of a lineage says how each picture differs from its parent, within Discord's limits."""

import re
from dataclasses import replace

import pytest
from discord.ui import LayoutView, MediaGallery, TextDisplay
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.features.lineage.tree import build_nodes
from bot.features.lineage.view import build_lineage_view, describe_changes
from shared.i18n.messages import list_languages, load_messages
from shared.job import Job, Requester
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.views import CATALOGUE, EN, ORIGIN


def make_record(
    number: int = 1,
    *,
    name: str = "Ada",
    prompt: str = "a castle",
    model: str = "sdxl",
    parent_id: str | None = None,
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
        origin=ORIGIN,
        accepted_at=number,
        parent_id=parent_id,
    )
    return JobRecord(job, "generated", 4_294_967_295, MessageRef(2**62, 2**62), 1.0)


def build_view(lineage: list[JobRecord], original_count: int, language: str = "en") -> LayoutView:
    return build_lineage_view(
        lineage,
        lineage[-1].job.id,
        load_messages(language),
        CATALOGUE,
        original_count=original_count,
        tree_filename="t.jpg",
        timelapse_filename="f.webp",
    )


@pytest.mark.parametrize(
    ("child", "changes"),
    [
        (make_record(), "re-roll"),
        (make_record(keep=80), "keep 80%"),
        (make_record(prompt="a ship"), "“a ship”"),
        (make_record(steps=50, style_preset="anime"), "steps 50, style Anime"),
        (make_record(model="sd3.5-large"), "SD 3.5 Large"),
    ],
)
def test_only_changed_settings_are_described(child: JobRecord, changes: str) -> None:
    assert describe_changes(make_record(), child, CATALOGUE, EN).startswith(changes)


def test_an_upscaler_without_a_prompt_leaves_none_out() -> None:
    changes = describe_changes(make_record(), make_record(model="fast-upscale", text_prompts=()), CATALOGUE, EN)

    assert changes.startswith("Fast Upscale")
    assert "“" not in changes


def test_a_variation_of_a_picture_is_told_from_another_seed() -> None:
    parent = replace(make_record(), source_sha256="0" * 64)
    again, varied = (replace(make_record(), source_sha256=digit * 64) for digit in "01")

    assert [describe_changes(parent, child, CATALOGUE, EN) for child in (again, varied)] == ["re-roll", "variation"]


def test_the_tree_is_described_with_a_line_for_each_picture() -> None:
    parent = make_record(1)
    lineage = [parent, make_record(2, parent_id=parent.job.id, keep=80)]

    view = build_view(lineage, original_count=1)

    title, *_, text = [item.content for item in view.walk_children() if isinstance(item, TextDisplay)]
    assert title == "### Where this picture came from: 3 pictures"
    lines = text.split("\n")
    assert [line.partition(" · ")[0] for line in lines] == ["1. original", "2. Ada", "3. Ada"]
    assert [re.findall(r"\[(.*?)\]\(", line) for line in lines] == [[], ["Open 2"], ["Open 3"]], "a name for each link"
    assert " · **this picture** · from 2: keep 80% · [Open 3](" in text
    galleries = [item for item in view.walk_children() if isinstance(item, MediaGallery)]
    assert [len(gallery.items) for gallery in galleries] == [1, 1]


def test_the_chain_is_named_from_a_picture_that_somebody_else_posted_or_a_forgotten_person() -> None:
    forgotten = make_record(1, name="")
    started = make_record(2)
    started = replace(started, job=started.job.model_copy(update={"source_owner_id": 7}))
    lineage = [forgotten, started, make_record(3, parent_id=started.job.id)]

    view = build_view(lineage, original_count=0)
    thumbnails = {record.job.id: None for record in lineage}
    nodes = build_nodes(lineage, thumbnails, {started.job.id: b""}, started.job.id, EN, CATALOGUE)

    *_, text = [item.content for item in view.walk_children() if isinstance(item, TextDisplay)]
    assert [line.partition(" · ")[0] for line in text.split("\n")] == ["1. someone", "2. Ada", "3. Ada"]
    assert text.count(" · from <@7>’s picture") == 1
    assert (nodes[0].author, nodes[0].fallback_author) == ("", "someone"), "the picture is not Ada's"


@given(st.text(max_size=100), st.integers(1, 60), st.integers(0, 3), st.sampled_from(list_languages()))
def test_the_message_of_any_lineage_fits_discord(name: str, count: int, original_count: int, language: str) -> None:
    lineage = [make_record(0, name=name)]
    for number in range(1, count):
        parent_id = lineage[-1].job.id
        lineage.append(make_record(number, name=name, parent_id=parent_id, prompt=name or "a castle"))

    view = build_view(lineage, original_count, language)

    assert view.content_length() <= 4000
    assert view.total_children_count <= 40
