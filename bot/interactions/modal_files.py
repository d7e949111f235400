"""The files that were sent with a modal."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.interactions.modals import read_modal_fields


def read_modal_files(interaction: discord.Interaction, name: str) -> Sequence[discord.Attachment]:
    """Read the files of a field of the submitted modal, in their order.

    https://discord.com/developers/docs/components/reference#file-upload
    """
    chosen = read_modal_fields(interaction).values.get(name) or ()
    data: Any = interaction.data or {}
    resolved = data.get("resolved", {}).get("attachments", {})
    state: Any = interaction._state  # noqa: SLF001 - discord.py builds attachments of its own modals so
    return [discord.Attachment(data=resolved[one], state=state) for one in chosen if one in resolved]
