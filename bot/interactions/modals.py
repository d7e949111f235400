"""Modals, which any process of the bot can read when they are submitted.

discord.py keeps an open modal in the process that opened it, and forgets it on a restart. Here a modal is identified
by its custom id alone, as components are. https://discord.com/developers/docs/components/reference
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.interactions.custom_ids import CustomId

TITLE_LIMIT: Final = 45
MODAL_TIMEOUT_SECONDS: Final = 900.0  # an interaction's token lives as long
_NONCE_SEPARATOR: Final = "~"

FieldValue = str | tuple[str, ...]


@dataclass(frozen=True)
class ModalFields:
    """The values of a submitted modal by field: a text is a string, "" when left empty; a choice is a tuple."""

    values: Mapping[str, FieldValue]

    def get_text(self, name: str) -> str | None:
        """Return the text or the first choice of a field; None when it was left empty."""
        value = self.values.get(name) or None
        return value[0] if isinstance(value, tuple) else value


def build_modal(title: str, custom_id: CustomId, *parts: ui.Item[Any]) -> ui.Modal:
    """Build a modal. A nonce in its id makes it another modal each time it is opened."""
    unique_id = f"{custom_id}{_NONCE_SEPARATOR}{secrets.token_hex(4)}"
    modal = ui.Modal(title=title[:TITLE_LIMIT], custom_id=unique_id, timeout=MODAL_TIMEOUT_SECONDS)
    for part in parts:
        modal.add_item(part)
    return modal


def strip_nonce(custom_id: str) -> str:
    """Return a modal's custom id without its nonce; that of a component has none."""
    return custom_id.partition(_NONCE_SEPARATOR)[0]


def read_modal_fields(interaction: discord.Interaction) -> ModalFields:
    """Read the fields of a submitted modal."""
    data: Any = interaction.data or {}
    return ModalFields(dict(_iterate_fields(data.get("components", ()))))


def _iterate_fields(components: Any) -> Iterator[tuple[str, FieldValue]]:
    for component in components:
        yield from _iterate_fields(component.get("components", ()))
        if "component" in component:
            yield from _iterate_fields([component["component"]])
        if "values" in component:
            yield str(component["custom_id"]), tuple(str(value) for value in component["values"] or ())
        elif "value" in component:
            yield str(component["custom_id"]), str(component["value"] or "")
