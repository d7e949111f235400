"""The words of a family: what was changed from one picture to the next, within Discord's limits whatever they hold."""

import pytest
from discord.ui import MediaGallery, TextDisplay
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases import languages, phrases_for
from bot.ports import Past, Told
from bot.render.lineage import changes, lineage_view
from shared.catalogue import load_catalogue
from shared.job import Job, Place, Requester
from shared.prompts import TextPrompt
from shared.request import Request

CATALOGUE = load_catalogue()
PHRASES = phrases_for("en-US")


def past(
    number: int = 1,
    *,
    name: str = "Ada",
    prompt: str = "a castle",
    model: str = "sdxl",
    parent: str | None = None,
    **options: object,
) -> Past:
    request = Request.model_validate(
        {"model": model, "text_prompts": (TextPrompt(text=prompt),), "has_picture": True, **options}
    )
    job = Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=request,
        seed=number,
        requester=Requester(id=1, name=name),
        place=Place(guild=1, channel=2, message=number),
        accepted_at=number,
        parent=parent,
    )
    return Past(job, "generated", 4_294_967_295, Told(2**62, 2**62), 1.0)


@pytest.mark.parametrize(
    ("child", "words"),
    [
        (past(), "another seed"),
        (past(keep=80), "keep 80%"),
        (past(prompt="a ship"), "“a ship”"),
        (past(steps=50, style_preset="anime"), "steps 50, style Anime"),
        (past(model="sd3.5-large"), "SD 3.5 Large"),
    ],
)
def test_what_was_changed_is_said_and_nothing_else(child: Past, words: str) -> None:
    assert changes(past(), child, CATALOGUE, PHRASES).startswith(words)


def test_what_the_tree_shows_is_said_in_a_line_a_picture_too() -> None:
    parent = past(1)
    family = [parent, past(2, parent=parent.job.id, keep=80)]

    view = lineage_view(family, family[1].job.id, PHRASES, CATALOGUE, originals=1, tree="t.jpg", film="f.webp")

    title, *_, lines = [item.content for item in view.walk_children() if isinstance(item, TextDisplay)]
    assert title == "### The family of this picture: 3 pictures"
    assert [line.partition("]")[0] for line in lines.split("\n")] == ["1. original", "2. [Ada", "3. [Ada"]
    assert lines.endswith(" · **this picture** · from 2: keep 80%")
    galleries = [item for item in view.walk_children() if isinstance(item, MediaGallery)]
    assert [len(gallery.items) for gallery in galleries] == [1, 1]


@given(st.text(max_size=100), st.integers(1, 60), st.integers(0, 3), st.sampled_from(languages()))
def test_the_message_of_any_family_is_within_discords_limits(
    name: str, count: int, originals: int, language: str
) -> None:
    family = [past(0, name=name)]
    for number in range(1, count):
        family.append(past(number, name=name, parent=family[-1].job.id, prompt=name or "a castle"))

    view = lineage_view(
        family, family[-1].job.id, phrases_for(language), CATALOGUE, originals=originals, tree="t.jpg", film="f.webp"
    )

    assert view.content_length() <= 4000
    assert view.total_children_count <= 40
