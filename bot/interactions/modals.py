"""Modals: opened with what is known, read from what comes back, by whichever process is there then.

discord.py keeps an open modal in the process that opened it. So a modal's whole meaning is its custom id, and
`bot.discord_client.client` reads each submission itself. https://discord.com/developers/docs/components/reference
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.interactions.components import CustomId, format_custom_id
from bot.interactions.custom_ids import parse_custom_id

TITLE_LIMIT: Final = 45
MODAL_TIMEOUT_SECONDS: Final = 900.0  # an interaction's token lives as long
_NONCE_SEPARATOR: Final = "~"


@dataclass(frozen=True)
class ModalSubmission:
    """A modal that was submitted: `verb`, `job_id` and `more` of its custom id, and what was filled in by field.

    A text is a string, "" when it was left empty; what was chosen is a tuple of values.
    """

    action: str
    job_id: str
    argument: str
    fields: Mapping[str, str | tuple[str, ...]]

    def get_text(self, name: str) -> str | None:
        """Give what was written or chosen, None when nothing was."""
        value = self.fields.get(name) or None
        return value[0] if isinstance(value, tuple) else value


def build_modal(title: str, parsed_id: CustomId, *parts: ui.Item[Any]) -> ui.Modal:
    """Build a modal that `read_form` reads again; each time it is opened it has an id of its own."""
    written = (
        format_custom_id(parsed_id.action, parsed_id.job_id, parsed_id.argument)
        + _NONCE_SEPARATOR
        + secrets.token_hex(4)
    )
    built = ui.Modal(title=title[:TITLE_LIMIT], custom_id=written, timeout=MODAL_TIMEOUT_SECONDS)
    for part in parts:
        built.add_item(part)
    return built


def parse_modal_submission(interaction: discord.Interaction) -> ModalSubmission | None:
    """Read a submitted modal; None when the interaction is something else."""
    if interaction.type is not discord.InteractionType.modal_submit or interaction.data is None:
        return None
    data: Mapping[str, Any] = interaction.data
    press = parse_custom_id(str(data.get("custom_id", "")).partition(_NONCE_SEPARATOR)[0])
    if press is None:
        return None
    return ModalSubmission(
        press.action, press.job_id, press.argument, dict(_iterate_fields(data.get("components", ())))
    )


def _iterate_fields(components: Any) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for component in components:
        yield from _iterate_fields(component.get("components", ()))
        if "component" in component:
            yield from _iterate_fields([component["component"]])
        if "values" in component:
            yield str(component["custom_id"]), tuple(str(value) for value in component["values"] or ())
        elif "value" in component:
            yield str(component["custom_id"]), str(component["value"] or "")
