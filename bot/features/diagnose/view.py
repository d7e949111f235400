"""The message of `/diagnose`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ui

from bot.domain.budgets import BudgetUsage
from bot.rendering.budget_text import format_budget_usage
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_problem_text
from shared.i18n.messages import Messages
from shared.problems import Problem

_PROBLEM_LIMIT: Final = 320
_ALL_PROBLEMS_LIMIT: Final = 1500  # a message holds 4,000 characters
_MAX_BUDGETS: Final = 8
_MAX_REFUSALS_BESIDE_BUDGETS: Final = 6


@dataclass(frozen=True)
class Finding:
    """A check by its name, and the problem that it found."""

    name: str
    problem: Problem | None


@dataclass(frozen=True)
class Diagnosis:
    """The findings about a member who would use a command in a channel, and the budgets that apply there.

    `knows_integrations` is False if Discord did not tell the settings of the Integrations page. `is_paused`: a request
    is accepted, and waits until a moderator resumes the server's queue.
    """

    user_id: int
    channel_id: int
    command_name: str
    findings: Sequence[Finding]
    budgets: Sequence[BudgetUsage]
    knows_integrations: bool = True
    is_paused: bool = False


def build_diagnosis_view(diagnosis: Diagnosis, messages: Messages) -> ui.LayoutView:
    """List the checks that pass, those that refuse with the sentence that the member reads, and who can change that."""
    refusals = [(finding.name, finding.problem) for finding in diagnosis.findings if finding.problem is not None]
    passes = [messages.text(f"check.{finding.name}") for finding in diagnosis.findings if finding.problem is None]
    title = messages.text(
        "diagnose.title",
        member=f"<@{diagnosis.user_id}>",
        command=diagnosis.command_name,
        channel=f"<#{diagnosis.channel_id}>",
    )
    verdict = messages.text("diagnose.refused", count=len(refusals)) if refusals else messages.text("diagnose.allowed")
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {title}\n{verdict}")]
    if refusals:
        limit = min(_PROBLEM_LIMIT, _ALL_PROBLEMS_LIMIT // len(refusals))
        items.append(ui.TextDisplay("\n".join(_format_refusal(*refusal, limit, messages) for refusal in refusals)))
    if passes:
        items.append(ui.TextDisplay(f"✓ {messages.text('diagnose.passed', checks=', '.join(passes))}"))
    if diagnosis.budgets and len(refusals) <= _MAX_REFUSALS_BESIDE_BUDGETS:
        lines = [
            f"- {format_budget_usage(usage, messages, is_of_member=True)}" for usage in diagnosis.budgets[:_MAX_BUDGETS]
        ]
        items.append(ui.TextDisplay("\n".join([messages.text("diagnose.budgets"), *lines])))
    notes = {"paused": diagnosis.is_paused, "integrations_unknown": not diagnosis.knows_integrations}
    items += [ui.TextDisplay(f"-# {messages.text(f'diagnose.{name}')}") for name, is_true in notes.items() if is_true]
    return build_container_view(*items)


def _format_refusal(name: str, problem: Problem, limit: int, messages: Messages) -> str:
    sentence = escape_problem_text(messages.format_problem(problem), [problem], limit)
    label, who = messages.text(f"check.{name}"), messages.text(f"check.{name}_who")
    return f"✗ **{label}**\n> {sentence}\n-# {messages.text('diagnose.who', who=who)}"
