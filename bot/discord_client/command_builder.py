"""Builds commands that are named and described by `shared.i18n`, in every language."""

import inspect
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final

import discord
from discord import Permissions, app_commands
from discord.app_commands import Choice, Group

from bot.discord_client.translator import localize_text

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
CHOICES_LIMIT: Final = 25
LABEL_LIMIT: Final = 100
JOB_ID_LENGTH: Final = 25
TYPED_TEXT_LIMIT: Final = 200

Command = app_commands.Command[Any, ..., None]
AutocompleteCallback = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]


def build_command(
    name: str,
    callback: Callable[..., Coroutine[Any, Any, None]],
    *,
    autocomplete: Mapping[str, AutocompleteCallback] | None = None,
    choices: Mapping[str, Sequence[Choice[str]]] | None = None,
) -> Command:
    """Build a slash command, for servers and for direct messages with the bot.

    Its options are the parameters of `callback` after the interaction.
    Its texts are `command.<name>.name` and `.description`, and those of an option `command.<name>.<option>.name` and
    `.description`. `autocomplete` and `choices` are by option; callbacks may be methods of an object.
    """
    key = f"command.{name}"
    command: Command = app_commands.Command(
        name=localize_text(f"{key}.name"), description=localize_text(f"{key}.description"), callback=callback
    )
    _, *options = inspect.signature(callback).parameters
    for decorate in (
        app_commands.rename(**{option: localize_text(f"{key}.{option}.name") for option in options}),
        app_commands.describe(**{option: localize_text(f"{key}.{option}.description") for option in options}),
        app_commands.autocomplete(**shorten_typed_texts(autocomplete or {})),
        app_commands.choices(**{option: list(offered) for option, offered in (choices or {}).items()}),
        app_commands.allowed_contexts(guilds=True, dms=True),
        app_commands.guild_install(),
    ):
        decorate(command)
    return command


def build_group(name: str, commands: Iterable[Command]) -> Group:
    """Build a group of commands for servers and for direct messages with the bot.

    Its texts are `command.<name>.name` and `.description`.
    """
    return _build_group(name, commands, app_commands.AppCommandContext(guild=True, dm_channel=True))


def build_guild_group(name: str, commands: Iterable[Command], *, permissions: Permissions | None = None) -> Group:
    """Build a group of commands for servers alone, where Discord shows it to members with these permissions.

    Its texts are `command.<name>.name` and `.description`.
    """
    contexts = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
    return _build_group(name, commands, contexts, permissions)


def _build_group(
    name: str,
    commands: Iterable[Command],
    contexts: app_commands.AppCommandContext,
    permissions: Permissions | None = None,
) -> Group:
    group = Group(
        name=localize_text(f"command.{name}.name"),
        description=localize_text(f"command.{name}.description"),
        allowed_contexts=contexts,
        allowed_installs=app_commands.AppInstallationType(guild=True),
        default_permissions=permissions,
    )
    for command in commands:
        group.add_command(command)
    return group


def shorten_typed_texts(callbacks: Mapping[str, AutocompleteCallback]) -> dict[str, AutocompleteCallback]:
    """Let each callback search for the first `TYPED_TEXT_LIMIT` characters only, of the 6,000 that Discord accepts.

    Discord does not hold text that is still being typed to the option's own `max_length`.
    """
    return {option: _shorten_typed_text(callback) for option, callback in callbacks.items()}


def _shorten_typed_text(callback: AutocompleteCallback) -> AutocompleteCallback:
    async def complete_option(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        return await callback(interaction, current[:TYPED_TEXT_LIMIT])

    return complete_option


def build_message_command(
    name: str, callback: Callable[[discord.Interaction, discord.Message], Coroutine[Any, Any, None]]
) -> app_commands.ContextMenu:
    """Build a command of a message's menu, for servers and direct messages, named `command.<name>.name`."""
    command = app_commands.ContextMenu(name=localize_text(f"command.{name}.name"), callback=callback)
    app_commands.allowed_contexts(guilds=True, dms=True)(command)
    app_commands.guild_install()(command)
    return command
