"""The message of a report: what it shows, and what can still be done."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.domain.reports import Report, ReportAction, ReportKind
from bot.features.reports.view import (
    ReportActionId,
    ReportReasonId,
    build_action_form,
    build_report_form,
    build_report_items,
    list_possible_actions,
)
from bot.interactions.custom_ids import CUSTOM_ID_LIMIT
from bot.rendering.layout import build_container_view
from shared.i18n.messages import list_languages, load_messages
from tests.support.builders import make_job_by
from tests.support.views import EN

JOB = make_job_by(1, prompt="a *secret* castle")
LONGEST_ID = "9" * 20 + "-01-r9"
REPORT = Report(JOB.id, 5, 1, ReportKind.RESULT, "not _here_", 4.0)
DELETE, BLOCK, CANCEL, DISMISS = ReportAction
RECORD = JobRecord(JOB, "generated", 7, MessageRef(2, 3), 9.0)
DELETED = JobRecord(JOB, "generated", 7, MessageRef(2, 3), 9.0, is_deleted=True)


def render(report: Report, actions: dict[ReportAction, int], language: str = "en") -> str:
    view = build_container_view(*build_report_items(report, RECORD, actions, load_messages(language)))
    return str(view.to_components())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("kind", ReportKind)
def test_a_report_shows_the_prompt_only_if_its_author_sent_it(language: str, kind: ReportKind) -> None:
    text = render(Report(JOB.id, 5, 1, kind, "not _here_", 4.0), {}, language)

    assert ("secret" in text) == (kind is ReportKind.FALSE_ALARM)
    assert "<@5>" in text
    assert "https://discord.com/channels/1/2/3" in text
    assert "not \\\\_here\\\\_" in text


@pytest.mark.parametrize(
    ("kind", "record", "done", "possible"),
    [
        (ReportKind.RESULT, RECORD, {}, [DELETE, BLOCK, CANCEL, DISMISS]),
        (ReportKind.RESULT, RECORD, {BLOCK: 8}, [DELETE, CANCEL]),
        (ReportKind.RESULT, RECORD, {DISMISS: 8}, []),
        (ReportKind.RESULT, DELETED, {}, [BLOCK, CANCEL, DISMISS]),
        (ReportKind.RESULT, DELETED, {DELETE: 8, BLOCK: 8, CANCEL: 9}, []),
        (ReportKind.FALSE_ALARM, RECORD, {}, [BLOCK, CANCEL, DISMISS]),
    ],
)
def test_each_action_is_possible_once_if_there_is_something_to_act_on(
    kind: ReportKind, record: JobRecord, done: dict[ReportAction, int], possible: list[ReportAction]
) -> None:
    assert list(list_possible_actions(replace(REPORT, kind=kind), record, done)) == possible


def test_who_did_what_is_shown_without_a_name_that_was_deleted() -> None:
    text = render(REPORT, {DELETE: 8, BLOCK: 0})

    assert "<@8> deleted the picture." in text
    assert "someone who deleted their data blocked the author." in text
    assert "report_action:" + JOB.id + ":5:cancel" in text
    assert ":delete" not in text


@pytest.mark.parametrize("action", ReportAction)
@pytest.mark.parametrize("id_type", [ReportActionId, ReportReasonId])
def test_the_longest_ids_fit_and_are_read_again(id_type: Any, action: ReportAction) -> None:
    custom_id = id_type(LONGEST_ID, 8_999_999_999_999_999_999, action)

    assert len(str(custom_id)) + len("~12345678") <= CUSTOM_ID_LIMIT
    assert id_type.parse(str(custom_id)) == custom_id
    assert id_type.parse(str(custom_id).replace("8999", "9999")) is None  # more than a BIGINT holds


@pytest.mark.parametrize("language", list_languages())
def test_the_forms_fit_discord_and_say_who_reads_them(language: str) -> None:
    messages = load_messages(language)
    forms = [build_report_form(JOB.id, kind, messages) for kind in ReportKind]
    forms += [build_action_form(ReportReasonId(JOB.id, 5, action), messages) for action in (DELETE, BLOCK, CANCEL)]

    for form in forms:
        payload: Any = form.to_dict()
        labels = [part for part in payload["components"] if "label" in part]
        assert len(payload["title"]) <= 45
        assert all(len(part["label"]) <= 45 and 1 <= len(part["description"]) <= 100 for part in labels)
    assert [len(form.children) for form in forms] == [2, 2, 1, 2, 1]
    assert "your prompt" in str(build_report_form(JOB.id, ReportKind.FALSE_ALARM, EN).to_dict())
