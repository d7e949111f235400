"""The message of a report in the log channel, and the forms of those who report and who act."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.domain.records import NO_USER_ID, JobRecord
from bot.domain.reports import Report, ReportAction, ReportKind
from bot.interactions.components import build_button
from bot.interactions.custom_ids import JOB_ID, CustomId
from bot.interactions.reason_form import build_reason_modal
from bot.rendering.markdown import escape_markdown, format_request_prompt
from shared.i18n.messages import Messages

DAYS_FIELD: Final = "days"
_REASON_LIMIT: Final = 300
_PROMPT_LIMIT: Final = 1500
_DAYS_LENGTH: Final = 4
_REPORTER: Final = r"(?P<reporter_id>[1-8]?[0-9]{1,18})"
_ACTION: Final = "(?P<action>delete|block|cancel|dismiss)"


@dataclass(frozen=True)
class ReportFormId(CustomId, template=f"report_form:{JOB_ID}"):
    """The form in which a member gives the reason."""

    job_id: str


@dataclass(frozen=True)
class ReportActionId(CustomId, template=f"report_action:{JOB_ID}:{_REPORTER}:{_ACTION}"):
    """A moderator's button below a report."""

    job_id: str
    reporter_id: int
    action: ReportAction


@dataclass(frozen=True)
class ReportReasonId(CustomId, template=f"report_reason:{JOB_ID}:{_REPORTER}:{_ACTION}"):
    """The form in which a moderator gives the reason of an action."""

    job_id: str
    reporter_id: int
    action: ReportAction


def build_report_items(
    report: Report, record: JobRecord, actions: Mapping[ReportAction, int], messages: Messages
) -> Sequence[ui.Item[Any]]:
    """Show a report, who did what about it, and buttons for what can still be done.

    The prompt is shown only of a false alarm: its author was told so. Others see a result, as its link leads there.
    """
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(_format_lines(report, record, messages)))]
    done = [
        f"- {messages.text(f'report.done_{action}', moderator=_mention(actor_id, messages))}"
        for action, actor_id in actions.items()
    ]
    if done:
        items.append(ui.TextDisplay("\n".join(done)))
    buttons = [
        build_button(
            ReportActionId(report.job_id, report.reporter_id, action),
            messages.text(f"report.{action}"),
            style=ButtonStyle.secondary if action is ReportAction.DISMISS else ButtonStyle.danger,
        )
        for action in list_possible_actions(report, record, actions)
    ]
    if buttons:
        items.append(ui.ActionRow(*buttons))
    return items


def list_possible_actions(
    report: Report, record: JobRecord, actions: Mapping[ReportAction, int]
) -> Sequence[ReportAction]:
    """List what can still be done about a report: each action once, and nothing after it was dismissed.

    It can be dismissed only if nothing was done. A false alarm is about no picture that could be deleted.
    """
    if ReportAction.DISMISS in actions:
        return ()
    gone = {ReportAction.DELETE} if record.is_deleted or report.kind is ReportKind.FALSE_ALARM else set()
    possible = [action for action in ReportAction if action not in gone | set(actions)]
    return [action for action in possible if action is not ReportAction.DISMISS or not actions]


def build_report_form(job_id: str, kind: ReportKind, messages: Messages) -> ui.Modal:
    """Build the form in which a member gives the reason of a report; it says what the moderators read."""
    note: ui.TextDisplay[Any] = ui.TextDisplay(messages.text(f"report.note_{kind}"))
    title, description = messages.text(f"report.title_{kind}"), messages.text("report.read_by_moderators")
    return build_reason_modal(title, ReportFormId(job_id), messages, description=description, more=[note])


def build_action_form(custom_id: ReportReasonId, messages: Messages) -> ui.Modal:
    """Build the form in which a moderator gives the reason, and of a block its length."""
    reader = "log" if custom_id.action is ReportAction.CANCEL else "author"
    description = messages.text(f"reason.read_by_{reader}")
    more: list[ui.Item[Any]] = []
    if custom_id.action is ReportAction.BLOCK:
        days: ui.TextInput[Any] = ui.TextInput(custom_id=DAYS_FIELD, required=False, max_length=_DAYS_LENGTH)
        more = [
            ui.Label(text=messages.text("report.days"), component=days, description=messages.text("report.forever"))
        ]
    title = messages.text(f"report.{custom_id.action}")
    return build_reason_modal(title, custom_id, messages, description=description, more=more)


def _format_lines(report: Report, record: JobRecord, messages: Messages) -> Iterator[str]:
    yield f"### {messages.text(f'report.heading_{report.kind}')}"
    link = record.message.build_link(report.guild_id) if record.message else f"`{report.job_id}`"
    reporter, author = f"<@{report.reporter_id}>", f"<@{record.job.requester.id}>"
    at = f"<t:{int(report.created_at)}:f>"
    yield messages.text(f"report.facts_{report.kind}", reporter=reporter, author=author, link=link, at=at)
    yield f"> {escape_markdown(report.reason, _REASON_LIMIT)}"
    if report.kind is ReportKind.FALSE_ALARM:
        prompt = escape_markdown(format_request_prompt(record.job.request), _PROMPT_LIMIT)
        yield f"**{messages.text('report.prompt')}** {prompt}"


def _mention(user_id: int, messages: Messages) -> str:
    return messages.text("budget.forgotten_member") if user_id == NO_USER_ID else f"<@{user_id}>"
