"""What a person prefers is shown within Discord's limits, and each choice there leads to what it says."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.preferences import Preferences
from bot.features.preferences.command import apply_choice
from bot.features.preferences.view import build_preferences_view
from bot.i18n import list_languages, load_messages
from bot.interactions.legacy import LegacyCustomId, parse_custom_id
from shared.catalogue import Catalogue, load_catalogue

CATALOGUE = load_catalogue()
MANY_MODELS = load_catalogue(f"[models.sdxl.fields.style_preset]\nchoices = {[f'style-{n}' for n in range(40)]}")
TODAY = date(2026, 11, 22)


def list_parts(view: Any) -> list[dict[str, Any]]:
    (container,) = view.to_components()
    return list(container["components"])


def list_controls(view: Any) -> list[dict[str, Any]]:
    return [control for part in list_parts(view) for control in part.get("components", ())]


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
preferences = st.builds(
    Preferences,
    language=st.sampled_from([None, *list_languages(), "xx"]),
    pings=st.booleans(),
    private=st.booleans(),
    options=st.fixed_dictionaries(
        {}, optional={"model": any_text, "keep": st.floats(0, 100), "style_preset": any_text, "fit": any_text}
    ),
)


@given(preferences, st.sampled_from(list_languages()), st.sampled_from([CATALOGUE, MANY_MODELS]))
def test_the_view_keeps_discords_limits_whatever_was_chosen(
    chosen: Preferences, language: str, catalogue: Catalogue
) -> None:
    view = build_preferences_view(chosen, catalogue, TODAY, load_messages(language))

    assert view.total_children_count <= 40
    assert sum(len(part.get("content", "")) for part in list_parts(view)) <= 4000
    for control in list_controls(view):
        assert len(control["custom_id"]) <= 100
        assert parse_custom_id(control["custom_id"].removeprefix("s:")) is not None
        options = control.get("options", [])
        assert len(options) <= 25
        assert len({option["value"] for option in options}) == len(options)
        assert all(1 <= len(option["label"]) <= 100 for option in options)
        assert sum(option["default"] for option in options) == (1 if options else 0)


@pytest.mark.parametrize("language", list_languages())
def test_every_choice_is_shown_as_chosen_once_it_was_made(language: str) -> None:
    phrases = load_messages(language)
    for control in list_controls(build_preferences_view(Preferences(), CATALOGUE, TODAY, phrases)):
        press = parse_custom_id(control["custom_id"].removeprefix("s:"))
        assert press is not None
        for value in [option["value"] for option in control.get("options", [])] or [""]:
            after = apply_choice(Preferences(), LegacyCustomId(press.action, "0", press.argument, (value,)), CATALOGUE)
            assert after is not None
            shown = list_controls(build_preferences_view(after, CATALOGUE, TODAY, phrases))
            if value:
                again = next(one for one in shown if one["custom_id"] == control["custom_id"])
                assert [option["value"] for option in again["options"] if option["default"]] == [value]
            else:
                assert control["custom_id"] not in {one["custom_id"] for one in shown}, "it turns the other way now"


def test_every_select_has_a_name_for_who_does_not_see_the_words_above_it() -> None:
    shown = list_controls(build_preferences_view(Preferences(), CATALOGUE, TODAY, load_messages("en")))

    names = [control["placeholder"] for control in shown if "options" in control]

    assert names == ["Language", "Model", "Keep", "Style", "Fit", "Format"]


def test_a_choice_can_be_taken_back_and_leaves_the_others_alone() -> None:
    before = Preferences("fr", pings=True, private=True, options={"model": "sdxl", "keep": 50.0})

    after = apply_choice(before, LegacyCustomId("prefer", "0", "model", ("-",)), CATALOGUE)

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
    assert apply_choice(Preferences(), LegacyCustomId("prefer", "0", more, values), CATALOGUE) is None
