"""Things that concern nobody but the requester: they are shown to the requester alone.

A broken picture is told to nobody else. Of a prompt that led to no picture, others read a notice without the prompt.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import aiohttp
import discord

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS
from bot.delivery.discord_errors import is_transient_for_webhook
from bot.interactions.followups import RecentFollowups
from bot.interactions.responses import MESSAGE_LIMIT
from bot.rendering.markdown import escape_markdown, format_request_prompt, truncate_text
from bot.rendering.outcome_views import format_notice_reason, format_notice_title
from shared.i18n.messages import load_messages
from shared.imaging.limits import RejectionCode
from shared.job import Job
from shared.outcome import Failed, Filtered
from shared.problems import Problem

log = logging.getLogger(__name__)

PICTURE_PROBLEM_CODES: Final = frozenset(f"picture_{code}" for code in get_args(RejectionCode))

_PROMPT_LIMIT: Final = 800
_PROBLEM_LIMIT: Final = 1800


def is_for_requester_alone(job: Job, outcome: Failed) -> bool:
    """Tell whether an outcome describes a fault of a requester's picture, where others would read it."""
    return outcome.problem.code in PICTURE_PROBLEM_CODES and not job.origin.is_direct_message


def is_read_by_others(job: Job, outcome: Filtered | Failed) -> bool:
    """Tell whether others read the notice that there is no picture, so that only the requester is told more."""
    return not (job.origin.is_direct_message or (isinstance(outcome, Failed) and outcome.is_cancelled))


@dataclass(frozen=True)
class PrivateNotices:
    """Sends requesters notices that others do not read, in response to their commands and forms."""

    client: discord.Client
    followups: RecentFollowups

    async def show_problem(self, job: Job, problem: Problem) -> bool:
        """Show a problem for which no model was called to the requester of a job alone, once for all of its variants.

        False when Discord no longer accepts that. Raises the errors that `is_transient_for_webhook` knows.
        """
        messages = load_messages(job.requester.locale)
        text = escape_markdown(messages.format_problem(problem), _PROBLEM_LIMIT)
        return await self._show_text(job, f"{text}\n-# {messages.text('outcome.free')}")

    async def explain_outcome(self, job: Job, outcome: Filtered | Failed) -> None:
        """Tell the requester alone which prompt led to no picture, and why. Failures are logged only."""
        messages = load_messages(job.requester.locale)
        prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
        lines = (
            f"**{format_notice_title(outcome, messages)}**",
            messages.text("language.quoted", words=prompt) if prompt else "",
            format_notice_reason(outcome, messages),
        )
        try:
            await self._show_text(job, truncate_text("\n".join(filter(None, lines)), MESSAGE_LIMIT))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("job %s: its requester reads the notice only (%r)", job.id, error)

    async def show_message(self, job: Job, key: str, build_payload: Callable[[], Awaitable[Mapping[str, Any]]]) -> bool:
        """Show a message to the requester of a job alone, unless one with the same key was shown.

        False when Discord no longer accepts that. Raises the errors that `is_transient_for_webhook` knows.
        """
        followup = await self.followups.find(self.client, job.id)
        if followup is None:
            return False
        if key in followup.shown_texts:
            return True
        payload = await build_payload()
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await followup.webhook.send(ephemeral=True, allowed_mentions=discord.AllowedMentions.none(), **payload)
        except discord.HTTPException as error:
            if is_transient_for_webhook(error):
                raise
            log.info("job %s: its requester cannot be told in response to the command or form (%s)", job.id, error)
            return False
        followup.shown_texts.append(key)
        return True

    async def _show_text(self, job: Job, text: str) -> bool:
        async def build_payload() -> Mapping[str, Any]:
            return {"content": text}

        return await self.show_message(job, text, build_payload)
