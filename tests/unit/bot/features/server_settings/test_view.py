"""Each setting of a server has a select, and each choice changes the setting that it names."""

from typing import Any

import pytest

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, ResultPlace
from bot.features.server_settings.choices import GuildSettingId, apply_choice
from bot.features.server_settings.view import build_settings_view
from shared.i18n.messages import list_languages, load_messages


def list_selects(settings: GuildSettings, language: str) -> list[dict[str, Any]]:
    view: Any = build_settings_view(settings, load_messages(language))
    (container,) = view.to_components()
    return [control for part in container["components"] for control in part.get("components", ())]


@pytest.mark.parametrize("language", list_languages())
def test_every_choice_is_selected_once_it_was_made(language: str) -> None:
    for index, select in enumerate(list_selects(GuildSettings(), language)):
        custom_id = GuildSettingId.parse(select["custom_id"])
        assert custom_id is not None
        for value in [option["value"] for option in select["options"]]:
            settings = apply_choice(GuildSettings(), custom_id.field, value)
            assert settings is not None
            options = list_selects(settings, language)[index]["options"]
            assert [option["value"] for option in options if option["default"]] == [value]
            assert all(1 <= len(option["label"]) <= 100 for option in options)


def test_choices_add_up() -> None:
    settings: GuildSettings | None = GuildSettings()
    for field, value in (
        *(("button_policy", "author"), ("result_place", "thread")),
        *(("language", "fr"), ("ask_price", "on")),
    ):
        assert settings is not None
        settings = apply_choice(settings, field, value)

    assert settings == GuildSettings(ButtonPolicy.AUTHOR, ResultPlace.THREAD, "fr", asks_price=True)
    assert apply_choice(GuildSettings(), "language", "xx") is None
    assert GuildSettingId.parse("guild_setting:owner") is None
