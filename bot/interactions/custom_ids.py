"""Components that belong to a job, told by their custom id alone: `verb:job` or `verb:job:more`.

https://discord.com/developers/docs/components/reference#anatomy-of-a-component-custom-id
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, cast

import discord
from discord import ui

_TEMPLATE: Final = r"(?P<verb>[a-z_]{1,20}):(?P<job>\d{1,20}(?:-\d\d)?)(?::(?P<more>[\w.-]{1,48}))?"


@dataclass(frozen=True)
class CustomId:
    """What was used: `verb` says what is wanted, of which job (0: of none), `more` is the verb's own.

    `values` are those chosen in a select.
    """

    action: str
    job_id: str
    argument: str = ""
    values: tuple[str, ...] = ()


class ComponentClient(Protocol):
    """The client that these components are used at; `bot.discord_client.client.Bot` is it."""

    async def handle_component(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        """Do what is wanted."""
        ...


def format_custom_id(action: str, job_id: str = "0", argument: str = "") -> str:
    """Write what `read` reads; at most 100 characters."""
    return f"{action}:{job_id}:{argument}" if argument else f"{action}:{job_id}"


def parse_custom_id(text: str) -> CustomId | None:
    """Read a custom id, None when it is not one of ours. What it names may not exist: anyone can send anything."""
    found = re.fullmatch(_TEMPLATE, text, re.ASCII)
    return CustomId(found["verb"], found["job"], found["more"] or "") if found else None


class JobButton(ui.DynamicItem[ui.Button[Any]], template=re.compile(_TEMPLATE, re.ASCII)):
    """A button whose handler is found by its custom id, in this process or the next."""

    def __init__(self, button: ui.Button[Any]) -> None:
        super().__init__(button)

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: Any, match: re.Match[str], /) -> Self:  # noqa: ARG003 - discord.py's signature
        return cls(item)

    async def callback(self, interaction: discord.Interaction) -> None:
        press = parse_custom_id(self.custom_id)
        if press is not None:
            await cast("ComponentClient", interaction.client).handle_component(interaction, press)


class JobSelect(ui.DynamicItem[ui.Select[Any]], template=re.compile("s:" + _TEMPLATE, re.ASCII)):
    """A select, likewise; its custom id begins with `s:`."""

    def __init__(self, select: ui.Select[Any]) -> None:
        super().__init__(select)

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: Any, match: re.Match[str], /) -> Self:  # noqa: ARG003 - discord.py's signature
        return cls(item)

    async def callback(self, interaction: discord.Interaction) -> None:
        press = parse_custom_id(self.custom_id.removeprefix("s:"))
        if press is not None:
            used = CustomId(press.action, press.job_id, press.argument, tuple(self.item.values))
            await cast("ComponentClient", interaction.client).handle_component(interaction, used)
