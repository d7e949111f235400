"""What the looking commands show stays within Discord's limits in every language, whatever people wrote."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.domain.search import SearchPage, SearchQuery
from bot.domain.status import JobStatus, QueueState
from bot.features.history.buttons import build_page_rows
from bot.features.history.search import format_search_heading
from bot.features.history.show_view import build_ended_view, build_missing_picture_view
from bot.features.history.view import build_contact_sheet_cells, build_history_view, format_choice_name
from bot.features.privacy.summary import StoredDataSummary
from bot.features.privacy.view import build_privacy_view
from bot.images.contact_sheet import draw_contact_sheet
from bot.interactions.components import build_button
from bot.interactions.result_buttons import CancelId, build_notice_rows
from bot.rendering.job_list import build_queue_view
from shared.i18n.messages import Messages, list_languages, load_messages
from shared.job import Job
from tests.unit.bot.rendering.test_outcome_views import (
    CATALOGUE,
    list_texts,
    make_job,
    make_request,
    requests,
    utf16_length,
)

EN, FR = load_messages("en"), load_messages("fr")
messages = st.sampled_from([load_messages(language) for language in list_languages()])
jobs = st.builds(make_job, requests, st.integers(0, 2**64 - 1))


def number_jobs(asked: list[Job]) -> list[Job]:
    return [one.model_copy(update={"id": str(1_300_000_000_000_000_000 + n)}) for n, one in enumerate(asked)]


def list_components(part: Any) -> list[dict[str, Any]]:
    inner = [*part.get("components", ()), *([part["accessory"]] if "accessory" in part else [])]
    return [part, *(one for child in inner for one in list_components(child))]


def assert_fits_discord(view: Any) -> list[dict[str, Any]]:
    """Hold a view to Discord's limits; give its components."""
    found = [one for part in view.to_components() for one in list_components(part)]
    assert len(found) == view.total_children_count <= 40
    assert sum(utf16_length(one["content"]) for one in found if "content" in one) <= 4000
    assert all(one["content"] for one in found if "content" in one)
    ids = [one["custom_id"] for one in found if "custom_id" in one]
    assert len(ids) == len(set(ids))
    assert all(1 <= len(one) <= 100 for one in ids)
    assert all(1 <= utf16_length(one["label"]) <= 80 for one in found if one["type"] == 2)
    for select in (one for one in found if one["type"] == 3):
        assert 1 <= len(select["options"]) <= 25
        assert utf16_length(select.get("placeholder", "")) <= 150
        assert len({option["value"] for option in select["options"]}) == len(select["options"])
        for option in select["options"]:
            assert all(1 <= utf16_length(option[part]) <= 100 for part in ("label", "value"))
            assert utf16_length(option.get("description") or "") <= 100
    return found


def render_queue(asked: list[Job], state: QueueState, phrases: Messages, guild: int | None = 7) -> Any:
    standings = [JobStatus(one, state, place, 9e9, 1e10, None, None) for place, one in enumerate(asked)]
    buttons = {one.id: build_button(CancelId(one.id), phrases.text("button.cancel")) for one in asked}
    note = phrases.text("cancel.unknown")
    return build_queue_view(standings, guild, CATALOGUE, phrases, buttons, note=note)


@given(st.lists(jobs, max_size=25), st.sampled_from(QueueState), messages, st.none() | st.integers(0, 10**6))
def test_a_queue_fits_discord(asked: list[Job], state: QueueState, phrases: Messages, guild: int | None) -> None:
    assert_fits_discord(render_queue(number_jobs(asked), state, phrases, guild))


def test_only_what_has_not_begun_can_be_cancelled() -> None:
    asked = number_jobs([make_job(make_request()) for _ in range(3)])

    can = {
        state: [one for one in assert_fits_discord(render_queue(asked, state, EN)) if "custom_id" in one]
        for state in QueueState
    }

    assert [one["custom_id"] for one in can[QueueState.QUEUED]] == [f"cancel:{one.id}" for one in asked]
    assert len(can[QueueState.PREPARING]) == 3
    assert can[QueueState.RUNNING] == can[QueueState.FINISHED] == []


def test_a_queue_says_how_much_there_is_and_where() -> None:
    asked = number_jobs([make_job(make_request()) for _ in range(12)])

    said = "\n".join(
        one["content"] for one in assert_fits_discord(render_queue(asked, QueueState.RUNNING, EN)) if "content" in one
    )

    assert "You have 12 requests in progress" in said
    assert "7 requests are in progress on the whole server." in said
    assert "and 2 more" in said
    assert "[Open](https://discord.com/channels/1/2/3)" in said
    assert "You have no requests in progress" in "\n".join(list_texts(render_queue([], QueueState.RUNNING, EN)))


def test_a_model_that_is_at_work_is_named_once() -> None:
    asked = [make_job(make_request())]

    running, waiting = (
        "\n".join(one["content"] for one in assert_fits_discord(render_queue(asked, state, EN)) if "content" in one)
        for state in (QueueState.RUNNING, QueueState.QUEUED)
    )

    assert running.count("SDXL 1.0") == waiting.count("SDXL 1.0") == 1


records = st.builds(
    JobRecord,
    job=jobs,
    outcome_kind=st.sampled_from(["generated", "filtered", "failed", "unknown"]),
    seed=st.none() | st.integers(0, 2**32 - 1),
    is_cancelled=st.booleans(),
    message=st.none() | st.builds(MessageRef, st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**64 - 1)),
    finished_at=st.floats(0, 1e10),
    is_deleted=st.booleans(),
)
searches = st.builds(
    SearchQuery,
    viewer_id=st.just(1),
    is_guild_wide=st.booleans(),
    requester_id=st.none() | st.integers(0, 2**64 - 1),
    is_favourite=st.booleans(),
    keywords=st.text(max_size=200),
    model=st.none() | st.sampled_from(list(CATALOGUE.models)),
    accepted_after=st.none() | st.floats(0, 1e10),
    accepted_before=st.none() | st.floats(86400, 1e10),
)


@given(st.lists(records, max_size=9), st.integers(0, 10**6), searches, messages)
def test_a_page_of_the_history_fits_discord(
    shown: list[JobRecord], more: int, wanted: SearchQuery, phrases: Messages
) -> None:
    ids = number_jobs([past.job for past in shown])
    shown = [replace(past, job=one) for past, one in zip(shown, ids, strict=True)]
    found = SearchPage(shown, len(shown) + more)

    heading, rows = (
        format_search_heading(wanted, phrases, CATALOGUE),
        build_page_rows(found, 2, "9" * 20, phrases, CATALOGUE),
    )
    parts = assert_fits_discord(build_history_view(found, 2, heading, phrases, CATALOGUE, viewer_id=42, rows=rows))

    for part in parts:
        for option in part.get("options", ()):
            assert 1 <= utf16_length(option["label"]) <= 100
            assert 1 <= utf16_length(option.get("description") or "x") <= 100
        for item in part.get("items", ()):
            assert 1 <= utf16_length(item["description"]) <= 1024


@given(st.lists(records, min_size=1, max_size=9), messages)
@settings(max_examples=10)
def test_a_sheet_can_be_drawn_of_any_page(shown: list[JobRecord], phrases: Messages) -> None:
    cells = build_contact_sheet_cells(SearchPage(shown, len(shown)), [None] * len(shown), phrases, CATALOGUE)

    assert draw_contact_sheet(cells).jpeg.startswith(b"\xff\xd8")


def test_a_broken_thumbnail_is_said_to_be_missing() -> None:
    found = SearchPage([JobRecord(make_job(make_request()), "generated", 1, MessageRef(2, 3), 0.0)], 1)

    broken, missing = (
        draw_contact_sheet(build_contact_sheet_cells(found, [one], EN, CATALOGUE)) for one in (b"broken", None)
    )

    assert broken.jpeg == missing.jpeg


def test_a_page_is_turned_by_buttons_that_know_the_search_and_the_next_page() -> None:
    found = SearchPage([JobRecord(make_job(make_request()), "generated", 1, MessageRef(2, 3), 0.0)], 30)

    ids = {page: [one["custom_id"] for one in _count_rows(found, page)] for page in (1, 2, 4)}

    assert ids == {
        1: ["history_page:17:2"],
        2: ["history_page:17:1", "history_page:17:3"],
        4: ["history_page:17:3"],
    }


def _count_rows(found: SearchPage, page: int) -> list[dict[str, Any]]:
    rows = build_page_rows(found, page, "17", EN, CATALOGUE)
    view = build_history_view(found, page, "", EN, CATALOGUE, viewer_id=1, rows=rows)
    return [one for one in assert_fits_discord(view) if one.get("custom_id", "").startswith("history_page")]


def test_the_others_are_named_and_what_has_no_picture_says_why() -> None:
    mine, other = (
        JobRecord(make_job(make_request()), "generated", 1, MessageRef(2, 3), 0.0),
        JobRecord(make_job(make_request(), 7), "filtered", None, None, 0.0),
    )
    cancelled = JobRecord(make_job(make_request()), "failed", None, MessageRef(2, 3), 0.0, is_cancelled=True)

    said = "\n".join(
        list_texts(build_history_view(SearchPage([mine, other, cancelled], 3), 1, "Yours", EN, CATALOGUE, viewer_id=42))
    )

    assert "**1.** “a castle” · SDXL 1.0 · <t:0:d> · [Open](https://discord.com/channels/1/2/3)" in said
    assert "**2.** “a castle” · SDXL 1.0 · <@7> · filtered · <t:0:d>" in said
    assert "**3.** “a castle” · SDXL 1.0 · cancelled · <t:0:d>" in said
    assert FR.text("history.cancelled") in format_choice_name(cancelled, CATALOGUE, FR, 0.0)


def test_no_link_leads_to_what_was_deleted() -> None:
    deleted = JobRecord(make_job(make_request()), "generated", 1, MessageRef(2, 3), 0.0, is_deleted=True)

    said = "\n".join(list_texts(build_history_view(SearchPage([deleted], 1), 1, "Yours", EN, CATALOGUE, viewer_id=42)))

    assert said.endswith("**1.** “a castle” · SDXL 1.0 · deleted · <t:0:d>")


@given(records, messages, st.none() | st.just("https://discord.com/channels/1/2/3"))
def test_what_is_gone_or_never_was_is_said_within_discords_limits(
    past: JobRecord, phrases: Messages, link: str | None
) -> None:
    model = CATALOGUE.models.get(past.job.request.model)
    rows = build_notice_rows(past.job.id, past.job.request, CATALOGUE, phrases)

    assert_fits_discord(build_missing_picture_view(past.job, past, model, phrases, rows=rows))
    assert_fits_discord(build_ended_view(past.job, past.missing_image_reason, link, phrases, rows=rows))


@given(records, messages, st.floats(0, 1e10))
def test_a_past_job_is_offered_in_100_characters(past: JobRecord, phrases: Messages, now: float) -> None:
    assert 1 <= utf16_length(format_choice_name(past, CATALOGUE, phrases, now)) <= 100


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=10), st.booleans(), messages)
def test_what_is_forgotten_is_said_within_discords_limits(counts: list[int], gone: bool, phrases: Messages) -> None:
    assert_fits_discord(build_privacy_view(StoredDataSummary(*counts), phrases, is_deleted=gone))


def test_only_what_is_held_is_listed() -> None:
    said = "\n".join(list_texts(build_privacy_view(StoredDataSummary(jobs=1, preferences=1), EN)))

    assert "- 1 request with its prompt and settings\n- your preferences" in said
    assert "favourite" not in said
    assert "on its way" not in said
    assert EN.text("privacy.nothing") in "\n".join(list_texts(build_privacy_view(StoredDataSummary(), EN)))
