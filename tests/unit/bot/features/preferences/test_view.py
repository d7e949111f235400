"""Preferences are shown within Discord's limits, and each choice changes the preference that it names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.preferences import Ping, Preferences
from bot.features.preferences.choices import (
    PreferenceSelectId,
    apply_choice,
)
from bot.features.preferences.view import build_preferences_view
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import list_languages, load_messages

CATALOGUE = load_catalogue()
MANY_MODELS = load_catalogue(f"[models.sdxl.fields.style_preset]\nchoices = {[f'style-{n}' for n in range(40)]}")


def list_parts(view: Any) -> list[dict[str, Any]]:
    (container,) = view.to_components()
    return list(container["components"])


def list_controls(view: Any) -> list[dict[str, Any]]:
    return [control for part in list_parts(view) for control in part.get("components", ())]


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
any_preferences = st.builds(
    Preferences,
    language=st.sampled_from([None, *list_languages(), "xx"]),
    ping=st.sampled_from(Ping),
    private=st.booleans(),
    options=st.fixed_dictionaries(
        {},
        optional={
            "model": any_text,
            "count": st.integers(1, 4),
            "keep": st.floats(0, 100),
            "style_preset": any_text,
            "fit": any_text,
        },
    ),
)


@given(any_preferences, st.sampled_from(list_languages()), st.sampled_from([CATALOGUE, MANY_MODELS]))
def test_the_view_keeps_discords_limits_whatever_was_chosen(
    preferences: Preferences, language: str, catalogue: Catalogue
) -> None:
    view = build_preferences_view(preferences, catalogue, load_messages(language))

    assert view.total_children_count <= 40
    assert sum(len(part.get("content", "")) for part in list_parts(view)) <= 4000
    for control in list_controls(view):
        assert len(control["custom_id"]) <= 100
        assert PreferenceSelectId.parse(control["custom_id"]) is not None
        options = control.get("options", [])
        assert len(options) <= 25
        assert len({option["value"] for option in options}) == len(options)
        assert all(1 <= len(option["label"]) <= 100 for option in options)
        assert sum(option["default"] for option in options) == 1


@pytest.mark.parametrize("language", list_languages())
def test_every_choice_is_selected_once_it_was_made(language: str) -> None:
    messages = load_messages(language)
    selects = list_controls(build_preferences_view(Preferences(), CATALOGUE, messages))

    assert len(selects) == 11
    for select in selects:
        custom_id = PreferenceSelectId.parse(select["custom_id"])
        assert custom_id is not None
        for value in [option["value"] for option in select["options"]]:
            preferences = apply_choice(Preferences(), custom_id.field, value, CATALOGUE)
            assert preferences is not None
            controls = list_controls(build_preferences_view(preferences, CATALOGUE, messages))
            again = next(control for control in controls if control["custom_id"] == select["custom_id"])
            assert [option["value"] for option in again["options"] if option["default"]] == [value]


def test_every_select_has_a_name_for_screen_readers() -> None:
    controls = list_controls(build_preferences_view(Preferences(), CATALOGUE, load_messages("en")))

    names = [control["placeholder"] for control in controls]

    assert names == [
        "Language",
        "Ping me when a picture is done",
        "Where my results appear",
        "Who can build on my pictures",
        "My pictures in galleries and in /top",
        "Model",
        "Count",
        "Keep",
        "Style",
        "Fit",
        "Format",
    ]


def test_a_choice_can_be_withdrawn_without_changing_the_others() -> None:
    preferences = Preferences("fr", ping=Ping.AT_ONCE, private=True, options={"model": "sdxl", "keep": 50.0})

    changed = apply_choice(preferences, "model", "-", CATALOGUE)

    assert changed == Preferences("fr", ping=Ping.AT_ONCE, private=True, options={"keep": 50.0})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "dall-e"),
        ("model", "fast-upscale"),
        ("keep", "1e9"),
        ("language", "xx"),
        ("style_preset", ""),
        ("ping", "-"),
    ],
)
def test_a_value_that_was_never_offered_is_no_choice(field: str, value: str) -> None:
    assert apply_choice(Preferences(), field, value, CATALOGUE) is None


def test_an_id_that_was_never_given_out_is_no_preference() -> None:
    assert PreferenceSelectId.parse("preference_select:extras") is None
