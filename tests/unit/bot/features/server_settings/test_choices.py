"""Each value of a select or a form changes its own setting; one that is wrong or gone changes nothing."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, ResultPlace, WordPolicy
from bot.features.server_settings.choices import CHOICES
from bot.features.server_settings.sections import ServerSettingId
from shared.problems import RejectedError
from tests.support.guild_panel import ARTISTS, CLOSED, NEWS, PRESETS, STUDIO, VOICE, make_choices

DEFAULTS = GuildSettings()
CODE = next(iter(PRESETS))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("button_policy", ["author"], ButtonPolicy.AUTHOR),
        ("result_place", ["thread"], ResultPlace.THREAD),
        ("word_policy", ["age_restricted"], WordPolicy.AGE_RESTRICTED),
        ("asks_price", ["on"], True),
        ("allows_private_results", ["off"], False),
        ("mirrors_audit_log", ["on"], True),
        ("language", ["fr"], "fr"),
        ("models", ["sd3.5-large", "stable-image-core"], frozenset({"sd3.5-large", "stable-image-core"})),
        ("tasks", ["upscale"], frozenset({"upscale"})),
        ("default_preset", [CODE], CODE),
        ("allowed_channel_ids", [str(STUDIO), str(VOICE)], frozenset({STUDIO, VOICE})),
        ("allowed_role_ids", [str(ARTISTS)], frozenset({ARTISTS})),
        ("log_channel_id", [str(NEWS)], NEWS),
        ("notice_channel_id", [str(STUDIO)], STUDIO),
        ("time_zone", ["Europe/Paris"], "Europe/Paris"),
    ],
)
def test_a_choice_changes_its_setting_and_can_be_cleared(name: str, values: list[str], expected: Any) -> None:
    choices = make_choices()

    changed = choices.apply_values(DEFAULTS, name, 0, values)

    assert changed == replace(DEFAULTS, **{name: expected})
    default = {"language": ["-"], "time_zone": ["UTC"]}.get(name, [])
    for choice in CHOICES.get(name, ()):
        if getattr(choices.apply_values(changed, name, 0, [choice]), name) == getattr(DEFAULTS, name):
            default = [choice]
    assert choices.apply_values(changed, name, 0, default) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("button_policy", ["nobody"]),
        ("button_policy", []),
        ("language", ["xx"]),
        ("asks_price", ["perhaps"]),
        ("models", ["sd9"]),
        ("default_preset", ["zzzzzzzzzz"]),
        ("allowed_channel_ids", ["999"]),
        ("allowed_channel_ids", ["studio"]),
        ("allowed_role_ids", ["999"]),
        ("allowed_role_ids", ["everyone"]),
        ("log_channel_id", [str(VOICE)]),
        ("queue_state", ["paused"]),
    ],
)
def test_what_is_no_choice_changes_nothing(name: str, values: list[str]) -> None:
    with pytest.raises(RejectedError, match="choice_gone"):
        make_choices().apply_values(DEFAULTS, name, 0, values)


@pytest.mark.parametrize(
    "text", ["server_setting:queue_state:0", "server_setting:max_price:0", "server_setting:guild_id:0"]
)
def test_only_settings_with_a_select_have_a_custom_id_of_one(text: str) -> None:
    custom_id = ServerSettingId.parse(text)

    if custom_id is not None:
        with pytest.raises(RejectedError, match="choice_gone"):
            make_choices().apply_values(DEFAULTS, custom_id.name, 0, ["paused"])


def test_the_other_part_of_many_options_stays_as_it_is() -> None:
    presets = {f"code{number:02}": f"Preset {number:02}" for number in range(30)}
    choices = make_choices(presets=presets)

    changed = choices.apply_values(DEFAULTS, "default_preset", 1, ["code29"])

    assert changed.default_preset == "code29"
    with pytest.raises(RejectedError, match="choice_gone"):
        choices.apply_values(DEFAULTS, "default_preset", 0, ["code29"])


@pytest.mark.parametrize(
    ("settings", "name", "values"),
    [
        (GuildSettings(tasks=frozenset({"upscale"})), "models", ["sd3.5-large"]),
        (GuildSettings(models=frozenset({"sd3.5-large"})), "tasks", ["upscale"]),
    ],
)
def test_something_is_left_on_offer(settings: GuildSettings, name: str, values: list[str]) -> None:
    with pytest.raises(RejectedError, match="nothing_on_offer"):
        make_choices().apply_values(settings, name, 0, values)


def test_a_channel_in_which_the_bot_cannot_post_is_refused() -> None:
    with pytest.raises(RejectedError, match=r"channel_not_writable .*channel-24.*send_messages"):
        make_choices().apply_values(DEFAULTS, "log_channel_id", 0, [str(CLOSED)])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("max_price", "0.25", 250_000),
        ("max_price", "$1", 1_000_000),
        ("max_price", "0,08 $", 80_000),
        ("max_price", "1 000", 1_000_000_000),
        ("max_price", " ", None),
        ("retention_days", "7", 7),
        ("retention_days", "30", 30),
        ("retention_days", "", None),
        ("time_zone", "europe/paris", "Europe/Paris"),
        ("time_zone", "America/New York", "America/New_York"),
        ("time_zone", "utc", None),
        ("time_zone", "\u200b", None),
    ],
)
def test_a_form_changes_or_clears_its_setting(name: str, text: str, expected: Any) -> None:
    before = GuildSettings(max_price=1, retention_days=1, time_zone="Asia/Tokyo")

    assert make_choices().apply_text(before, name, text) == replace(before, **{name: expected})


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        *(("max_price", text, "price_out_of_range") for text in ("0", "-1", "free", "1001", "1e400", "0.0000001")),
        *(("retention_days", text, "days_out_of_range") for text in ("0", "31", "-1", "1.5", "a week")),
        ("time_zone", "Middle-earth", "time_zone_unknown"),
    ],
)
def test_a_wrong_text_is_refused_with_its_range(name: str, text: str, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        make_choices().apply_text(DEFAULTS, name, text)

    (problem,) = rejected.value.problems
    assert (problem.code, problem.facts["value"]) == (code, text)
