"""The panel shows what holds, in every language within Discord's limits, and each of its selects changes a setting."""

import json
from typing import Any, get_args

import pytest

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, ResultPlace, SettingChange, WordPolicy
from bot.features.server_settings.sections import (
    FORM_SETTINGS,
    SECTION_OF_SETTING,
    Section,
    ServerSettingId,
    ServerUndoId,
)
from shared.catalogue import Task, load_catalogue
from shared.i18n.messages import list_languages
from tests.support.guild_panel import ARTISTS, NEWS, PRESETS, STUDIO, make_choices, make_panel
from tests.support.views import assert_fits_discord, join_texts

FULL = GuildSettings(
    button_policy=ButtonPolicy.AUTHOR,
    result_place=ResultPlace.CHANNEL,
    language="fr",
    asks_price=True,
    allowed_channel_ids=frozenset({STUDIO, NEWS, *range(10**18, 10**18 + 30)}),
    allowed_role_ids=frozenset({ARTISTS, 10**18}),
    models=frozenset({"sd3.5-large", "of-another-release"}),
    tasks=frozenset({"generate", "animate"}),
    max_price=250_000,
    allows_private_results=False,
    word_policy=WordPolicy.AGE_RESTRICTED,
    default_preset="bcdefghjkm",
    time_zone="America/Argentina/ComodRivadavia",
    log_channel_id=STUDIO,
    notice_channel_id=10**18,
    mirrors_audit_log=True,
    retention_days=7,
)


def list_selects(view: Any) -> dict[str, dict[str, Any]]:
    """List the selects of settings, by the setting."""
    ids = (
        (component, ServerSettingId.parse(component.get("custom_id", ""))) for component in assert_fits_discord(view)
    )
    return {custom_id.name: component for component, custom_id in ids if custom_id is not None}


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("settings", [GuildSettings(), FULL])
@pytest.mark.parametrize("section", [None, *Section])
def test_every_section_fits_discord_and_every_setting_is_in_one(
    language: str, settings: GuildSettings, section: Section | None
) -> None:
    panel = make_panel(settings, language)
    note = panel.labels.format_change("server_panel.changed", SettingChange(1, "models", FULL.models, frozenset()))

    view = panel.build_view(section, note, ServerUndoId(2**53))

    components = assert_fits_discord(view)
    assert any(component.get("custom_id") == f"server_undo:{2**53}" for component in components)
    names = [name for name, place in SECTION_OF_SETTING.items() if section in {None, place}]
    text = json.dumps(components)
    for name in names:
        assert json.dumps(panel.labels.format_name(name))[1:-1] in text
    if section is not None:
        changeable = set(names) - {"queue_state"}
        assert changeable <= set(list_selects(view)) | {name for name in FORM_SETTINGS if f"server_form:{name}" in text}


def test_the_overview_says_what_holds() -> None:
    default, full = (join_texts(make_panel(settings).build_view(None)) for settings in (GuildSettings(), FULL))

    for line in (
        *("Channels: everywhere", "Roles: everyone", "Models: all", "Highest price: no limit", "Time zone: UTC"),
        *("Default preset: none", "How long pictures are kept: as long as I keep pictures anywhere"),
    ):
        assert f"- {line}\n" in f"{default}\n"
    for line in (
        f"Channels: <#{STUDIO}>, <#{NEWS}>, " + ", ".join(["a deleted channel"] * 8) + " and 22 more",
        f"Roles: <@&{ARTISTS}>, a deleted role",
        *("Models: of-another-release, SD 3.5 Large", "Tasks: animate, make pictures", "Highest price: $0.25"),
        *("Default preset: Sea \\*and\\* sand", "How long pictures are kept: 7 days", f"Log channel: <#{STUDIO}>"),
        *("Notice channel: a deleted channel", "Time zone: America/Argentina/ComodRivadavia", "Language: français"),
    ):
        assert f"- {line}\n" in f"{full}\n"


def test_selects_show_what_holds_and_nothing_that_is_gone() -> None:
    selects: dict[str, dict[str, Any]] = {}
    for section in Section:
        selects |= list_selects(make_panel(FULL).build_view(section))

    chosen = {
        name: [option["value"] for option in select.get("options", ()) if option["default"]]
        or [value["id"] for value in select.get("default_values", ())]
        for name, select in selects.items()
    }
    assert chosen == {
        "allowed_channel_ids": [STUDIO, NEWS],
        "allowed_role_ids": [ARTISTS],
        "button_policy": ["author"],
        "models": ["sd3.5-large", "of-another-release"],
        "tasks": ["generate", "animate"],
        "asks_price": ["on"],
        "default_preset": ["bcdefghjkm"],
        "result_place": ["channel"],
        "allows_private_results": ["off"],
        "word_policy": ["age_restricted"],
        "log_channel_id": [STUDIO],
        "mirrors_audit_log": ["on"],
        "notice_channel_id": [],
        "language": ["fr"],
        "time_zone": ["America/Argentina/ComodRivadavia"],
    }
    labels = {option["value"]: option["label"] for option in selects["models"]["options"] + selects["tasks"]["options"]}
    assert labels["sd3.5-large"] == "SD 3.5 Large (default) · $0.08"
    assert (labels["generate"], labels["upscale"]) == ("Make pictures · from $0.04", "Enlarge pictures · from $0.03")
    assert selects["models"]["min_values"] == selects["log_channel_id"]["min_values"] == 0
    assert selects["time_zone"]["options"][0]["label"] == "America/Argentina/ComodRivadavia (UTC-03:00)"


def test_more_options_than_a_select_has_room_for_are_in_several() -> None:
    presets = {f"code{number:02}": f"Preset {number:02}" for number in range(50)}
    view = make_panel(GuildSettings(), choices=make_choices(presets=presets)).build_view(Section.MODELS)

    parts = [c for c in assert_fits_discord(view) if c.get("custom_id", "").startswith("server_setting:default_preset")]

    assert [part["custom_id"][-1] for part in parts] == ["0", "1"]
    assert [option["value"] for part in parts for option in part["options"]] == list(presets)


def test_without_presets_or_images_there_is_nothing_to_choose() -> None:
    choices = make_choices(presets={}, max_days=0)
    models, results = (
        make_panel(FULL, choices=choices).build_view(section) for section in (Section.MODELS, Section.RESULTS)
    )

    assert "default_preset" not in list_selects(models)
    assert "**Default preset**: a deleted preset" in join_texts(models)
    assert "**How long pictures are kept**: not at all" in join_texts(results)
    assert "server_form:retention_days" not in json.dumps(results.to_components())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("name", FORM_SETTINGS)
def test_a_form_fits_discord_and_is_filled_with_what_holds(language: str, name: str) -> None:
    filled = {"en": "0.25", "fr": "0,25"}[language] if name == "max_price" else str(getattr(FULL, name))

    for settings, value in ((FULL, filled), (GuildSettings(), None)):
        form: Any = make_panel(settings, language).build_form(name).to_dict()
        (label,) = form["components"]
        assert len(form["title"]) <= 45
        assert len(label["label"]) <= 45
        assert len(label["description"]) <= 100
        assert label["component"].get("value") == value
        assert not label["component"]["required"]


def test_the_names_of_presets_and_models_are_free_of_markdown() -> None:
    catalogue = load_catalogue('[models."sd3.5-large"]\nname = "**SD**"')
    settings = GuildSettings(models=frozenset({"sd3.5-large"}), default_preset=next(reversed(PRESETS)))

    text = join_texts(make_panel(settings, choices=make_choices(catalogue=catalogue)).build_view(Section.MODELS))

    assert "\\*\\*SD\\*\\*" in text
    assert "Sea \\*and\\* sand" in text


@pytest.mark.parametrize("language", list_languages())
def test_every_task_has_a_name(language: str) -> None:
    labels = make_panel(GuildSettings(), language).labels

    assert all(labels.format_task(task) != task for task in get_args(Task))
    assert labels.format_task("of-another-release") == "of-another-release"
