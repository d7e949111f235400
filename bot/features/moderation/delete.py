"""`/moderate delete`: deletes somebody's result, which is named by its link, its ID or words of its prompt."""

import re
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT, TYPED_TEXT_LIMIT
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_moderator
from bot.interactions.reason_form import REASON_LIMIT
from bot.interactions.responses import run_and_report
from bot.rendering.labels import format_picture_label
from bot.rendering.markdown import truncate_text
from bot.results.deletion import ResultDeletion
from bot.results.newest import NewestResultFinder
from bot.storage.job_history import SqlJobHistory
from shared.job import parse_job_id
from shared.problems import RejectedError, make_problem

_ID: Final = r"([1-8]?[0-9]{1,18})"
_LINK: Final = re.compile(rf"https://(?:\w+\.)?discord(?:app)?\.com/channels/{_ID}/{_ID}(?:/{_ID})?/?", re.ASCII)


@dataclass(frozen=True)
class DeleteCommand:
    """For members who may time out others; the result must be in a channel that they can read."""

    deletion: ResultDeletion
    job_history: SqlJobHistory
    newest_results: NewestResultFinder

    async def delete_result(
        self,
        interaction: discord.Interaction,
        result: app_commands.Range[str, 1, TYPED_TEXT_LIMIT],
        reason: app_commands.Range[str, 1, REASON_LIMIT],
    ) -> None:
        """Delete a result, tell its author, and log it."""
        require_moderator(interaction)

        async def delete() -> str:
            job_id = await self._find_job_id(interaction, result.strip())
            settings = await self.deletion.result_lookup.find_generation_settings(interaction, job_id)
            await self.deletion.delete_as_moderator(interaction, settings, reason)
            return get_localized_messages(interaction).text("delete.done")

        await run_and_report(interaction, delete)

    async def autocomplete_result(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the newest results of this server whose prompts contain the typed words."""
        try:
            require_moderator(interaction)
            async with limit_lookup_time(interaction):
                records = await self.newest_results.list_guild_results(interaction, current, CHOICES_LIMIT)
        except RejectedError:
            return []
        messages = get_localized_messages(interaction)
        return [
            Choice(
                name=truncate_text(
                    f"{record.job.requester.name} · {format_picture_label(record.job, record.seed, messages)}",
                    LABEL_LIMIT,
                ),
                value=record.job.id,
            )
            for record in records
        ]

    async def _find_job_id(self, interaction: discord.Interaction, text: str) -> str:
        """Find the job that a link or an ID names. Raises `RejectedError` (result_not_named)."""
        if parse_job_id(text) is not None:
            return text
        link = _LINK.fullmatch(text)
        record = None
        if link is not None and int(link[1]) == interaction.guild_id:
            channel_id = int(link[2])
            message_id = int(link[3] or channel_id)  # a thread has the id of the status message above it
            record = await self.job_history.find_job_of_message(int(link[1]), channel_id, message_id)
        if record is None:
            raise RejectedError(make_problem("result_not_named"))
        return record.job.id
