"""What a person prefers is shown within Discord's limits, and each choice there leads to what it says."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.preferences import with_choice
from bot.phrases import languages, phrases_for
from bot.ports import Preferences
from bot.views.preferences import preferences_view
from bot.views.press import Press, read
from shared.catalogue import Catalogue, load_catalogue

CATALOGUE = load_catalogue()
MANY = load_catalogue(f"[models.sdxl.fields.style_preset]\nchoices = {[f'style-{n}' for n in range(40)]}")
TODAY = date(2026, 11, 22)


def parts(view: Any) -> list[dict[str, Any]]:
    (container,) = view.to_components()
    return list(container["components"])


def controls(view: Any) -> list[dict[str, Any]]:
    return [control for part in parts(view) for control in part.get("components", ())]


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
preferences = st.builds(
    Preferences,
    language=st.sampled_from([None, *languages(), "xx"]),
    pings=st.booleans(),
    private=st.booleans(),
    options=st.fixed_dictionaries(
        {}, optional={"model": anything, "keep": st.floats(0, 100), "style_preset": anything, "fit": anything}
    ),
)


@given(preferences, st.sampled_from(languages()), st.sampled_from([CATALOGUE, MANY]))
def test_the_view_keeps_discords_limits_whatever_was_chosen(
    chosen: Preferences, language: str, catalogue: Catalogue
) -> None:
    view = preferences_view(chosen, catalogue, TODAY, phrases_for(language))

    assert view.total_children_count <= 40
    assert sum(len(part.get("content", "")) for part in parts(view)) <= 4000
    for control in controls(view):
        assert len(control["custom_id"]) <= 100
        assert read(control["custom_id"].removeprefix("s:")) is not None
        options = control.get("options", [])
        assert len(options) <= 25
        assert len({option["value"] for option in options}) == len(options)
        assert all(1 <= len(option["label"]) <= 100 for option in options)
        assert sum(option["default"] for option in options) == (1 if options else 0)


@pytest.mark.parametrize("language", languages())
def test_every_choice_is_shown_as_chosen_once_it_was_made(language: str) -> None:
    phrases = phrases_for(language)
    for control in controls(preferences_view(Preferences(), CATALOGUE, TODAY, phrases)):
        press = read(control["custom_id"].removeprefix("s:"))
        assert press is not None
        for value in [option["value"] for option in control.get("options", [])] or [""]:
            after = with_choice(Preferences(), Press(press.verb, "0", press.more, (value,)), CATALOGUE)
            assert after is not None
            shown = controls(preferences_view(after, CATALOGUE, TODAY, phrases))
            if value:
                again = next(one for one in shown if one["custom_id"] == control["custom_id"])
                assert [option["value"] for option in again["options"] if option["default"]] == [value]
            else:
                assert control["custom_id"] not in {one["custom_id"] for one in shown}, "it turns the other way now"


def test_every_select_has_a_name_for_who_does_not_see_the_words_above_it() -> None:
    shown = controls(preferences_view(Preferences(), CATALOGUE, TODAY, phrases_for("en")))

    names = [control["placeholder"] for control in shown if "options" in control]

    assert names == ["Language", "Model", "Keep", "Style", "Fit", "Format"]


def test_a_choice_can_be_taken_back_and_leaves_the_others_alone() -> None:
    before = Preferences("fr", pings=True, private=True, options={"model": "sdxl", "keep": 50.0})

    after = with_choice(before, Press("prefer", "0", "model", ("-",)), CATALOGUE)

    assert after == Preferences("fr", pings=True, private=True, options={"keep": 50.0})


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ("model", ("dall-e",)),
        ("model", ("fast-upscale",)),
        ("keep", ("1e9",)),
        ("language", ("xx",)),
        ("extras", ("{}",)),
        ("pings", ()),
        ("private-perhaps", ()),
        ("style_preset", ()),
    ],
)
def test_what_was_never_offered_is_no_choice(more: str, values: tuple[str, ...]) -> None:
    assert with_choice(Preferences(), Press("prefer", "0", more, values), CATALOGUE) is None
