"""A command is built from a method: its parameters are the options, its texts come from the language files."""

from typing import Any, cast

import discord
import pytest
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_message_command
from bot.discord_client.feature import AnyCommand
from shared.i18n.messages import load_messages
from tests.support.commands import build_payloads


class ShowHandler:
    """Has the parameters of `/show`, whose texts exist."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def show(
        self, interaction: discord.Interaction, job: app_commands.Range[str, 1, 200], public: bool = False
    ) -> None:
        self.calls.append((job, public))

    async def autocomplete_job(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        self.calls.append(current)
        return []

    async def show_details(self, interaction: discord.Interaction, message: discord.Message) -> None:
        self.calls.append(message)


async def build_payload(command: AnyCommand) -> dict[str, Any]:
    (payload,) = await build_payloads([command])
    return payload


async def test_the_parameters_of_a_method_are_the_options_of_its_command() -> None:
    handler = ShowHandler()

    payload = await build_payload(build_command("show", handler.show, autocomplete={"job": handler.autocomplete_job}))

    job, public = payload["options"]
    english, french = load_messages("en"), load_messages("fr")
    assert payload["name"] == english.text("command.show.name")
    assert payload["name_localizations"]["fr"] == french.text("command.show.name")
    assert job["description_localizations"]["fr"] == french.text("command.show.job.description")
    assert (job["name"], job["required"], job["autocomplete"], job["max_length"]) == (
        english.text("command.show.job.name"),
        True,
        True,
        200,
    )
    assert (public["type"], public["required"]) == (discord.AppCommandOptionType.boolean.value, False)
    assert (payload["contexts"], payload["integration_types"]) == ([0, 1], [0])


async def test_a_search_gets_the_first_200_characters_of_what_is_typed() -> None:
    handler, interaction = ShowHandler(), cast("Any", None)
    command = build_command("show", handler.show, autocomplete={"job": handler.autocomplete_job})

    await cast("Any", command._params["job"].autocomplete)(interaction, "word " * 1200)

    assert handler.calls == ["word " * 40]


async def test_a_command_offers_the_choices_of_an_option() -> None:
    choices = [Choice(name="one", value="1"), Choice(name="two", value="2")]

    payload = await build_payload(build_command("show", ShowHandler().show, choices={"job": choices}))

    assert [(choice["name"], choice["value"]) for choice in payload["options"][0]["choices"]] == [
        ("one", "1"),
        ("two", "2"),
    ]


async def test_a_command_calls_the_method_of_its_object() -> None:
    handler, interaction = ShowHandler(), cast("Any", None)
    command = build_command("show", handler.show)
    details = build_message_command("details", handler.show_details)

    await command._do_call(interaction, {"job": "7", "public": True})
    await details._callback(interaction, cast("Any", "a message"))

    assert handler.calls == [("7", True), "a message"]


def test_a_parameter_without_a_text_is_an_error() -> None:
    class Handler:
        async def show(self, interaction: discord.Interaction, unknown: str) -> None:
            raise AssertionError(unknown)

    with pytest.raises(KeyError, match=r"command\.show\.unknown\.name"):
        build_command("show", Handler().show)
