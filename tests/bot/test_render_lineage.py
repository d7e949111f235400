"""The words of a family: what was changed from one picture to the next, within Discord's limits whatever they hold."""

import pytest
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
    number: int = 1, *, name: str = "Ada", prompt: str = "a castle", model: str = "sdxl", **options: object
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


@given(st.text(max_size=100), st.integers(1, 60), st.integers(0, 3), st.sampled_from(languages()))
def test_the_message_of_any_family_is_within_discords_limits(
    name: str, count: int, originals: int, language: str
) -> None:
    family = [past(number, name=name) for number in range(count)]

    view = lineage_view(
        family, family[-1].job.id, phrases_for(language), originals=originals, tree="t.jpg", film="f.webp"
    )

    assert view.content_length() <= 4000
    assert view.total_children_count <= 40
