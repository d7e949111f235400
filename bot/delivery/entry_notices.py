"""Tells the author of an entry, and nobody else, how it ended: its picture is shown to others by the contest.

The author reads it in response to the form, as long as Discord accepts that, else as a direct message.
"""

import logging
from dataclasses import dataclass
from typing import Final

from bot.delivery.destinations import DEFAULT_UPLOAD_LIMIT
from bot.delivery.entry_message import build_entry_message
from bot.delivery.ports import EntryReader, OutcomeStream
from bot.delivery.private_notices import PrivateNotices
from bot.delivery.result_message import MessagePayload
from bot.delivery.sender import OutcomeSender
from bot.domain.guild_settings import GuildSettings
from bot.domain.rounds import EntryState
from bot.domain.status import JobStatus
from bot.rendering.outcome_views import format_cost_notes
from shared.i18n.messages import load_messages
from shared.outcome import Failed, Generated, Outcome

log = logging.getLogger(__name__)

_SHOWN: Final = "entry"


@dataclass(frozen=True)
class EntryNotices:
    """Tells authors how their entries ended."""

    queue: OutcomeStream
    sender: OutcomeSender
    private_notices: PrivateNotices
    entries: EntryReader

    async def tell_author(self, status: JobStatus, outcome: Outcome) -> None:
        """Show the author the picture, or why there is none. One who withdrew the entry knows.

        Raises the errors that `bot.delivery.discord_errors.is_transient` knows, those of the queue, and
        `RejectedError` if the database fails.
        """
        job = status.job
        if isinstance(outcome, Failed) and outcome.is_cancelled:
            return
        note = await self._describe_state(status, outcome)
        if await self._send_followup(status, outcome, note):
            return
        if await self.sender.send_directly(status, outcome, GuildSettings(), notes=[note]) is None:
            log.info("job %s: the author of the entry could not be told", job.id)

    async def _describe_state(self, status: JobStatus, outcome: Outcome) -> str:
        """Say whether the entry takes part, or why not; its author may try again while the contest goes on."""
        job = status.job
        messages = load_messages(job.requester.locale)
        entry = await self.entries.find_entry(job.id)
        if entry is None or entry.state is not EntryState.PENDING:
            return messages.text("round.entry_late")
        contest = await self.entries.find_contest(entry.contest_id)
        if contest is None or not contest.is_open:
            return messages.text("round.entry_over")
        if not isinstance(outcome, Generated):
            return messages.text("round.change_retry" if entry.replaced_job_id else "round.entry_retry")
        if entry.number:
            return messages.text("round.turn_taken")
        return messages.text("round.entered" if contest.settings.shows_entries_at_once else "round.entered_shown")

    async def _send_followup(self, status: JobStatus, outcome: Outcome, note: str) -> bool:
        """Respond to the form. False when Discord no longer accepts that."""
        job = status.job

        async def build_payload() -> MessagePayload:
            image = await self.queue.load_result_image(job.id) if isinstance(outcome, Generated) else None
            costs = format_cost_notes(outcome, status.unknown_calls, load_messages(job.requester.locale))
            return await build_entry_message(
                job, outcome, image, notes=[note, *costs], max_bytes=DEFAULT_UPLOAD_LIMIT, is_in_server=True
            )

        return await self.private_notices.show_message(job, _SHOWN, build_payload)
