"""Problems that concern nobody but the requester, such as a broken picture: they are shown to the requester alone."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, get_args

import discord

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS
from bot.delivery.discord_errors import is_transient_for_webhook
from bot.interactions.followups import RecentFollowups
from bot.interactions.responses import MESSAGE_LIMIT
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import load_messages
from shared.imaging.limits import RejectionCode
from shared.job import Job
from shared.outcome import Failed, Outcome
from shared.problems import Problem

log = logging.getLogger(__name__)

PICTURE_PROBLEM_CODES: Final = frozenset(f"picture_{code}" for code in get_args(RejectionCode))


def is_for_requester_alone(job: Job, outcome: Outcome) -> bool:
    """Tell whether an outcome says what is wrong with a requester's picture, where others would read it."""
    is_broken_picture = isinstance(outcome, Failed) and outcome.problem.code in PICTURE_PROBLEM_CODES
    return is_broken_picture and not job.origin.is_direct_message


@dataclass(frozen=True)
class PrivateNotices:
    """Shows problems in response to the commands that led to them."""

    followups: RecentFollowups

    async def show_problem(self, job: Job, problem: Problem) -> bool:
        """Show a problem to the requester of a job alone, once for all variants of an exploration.

        False when Discord no longer accepts that. Raises the errors that `is_transient_for_webhook` knows.
        """
        followup = self.followups.find(job.id)
        if followup is None:
            return False
        if problem in followup.shown_problems:
            return True
        text = load_messages(job.requester.locale).format_problem(problem)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await followup.webhook.send(escape_markdown(text, MESSAGE_LIMIT), ephemeral=True)
        except discord.HTTPException as error:
            if is_transient_for_webhook(error):
                raise
            log.info("job %s: its requester cannot be told in response to the command (%s)", job.id, error)
            return False
        followup.shown_problems.append(problem)
        return True
