"""Pages of the history stay within Discord's limits in every language, whatever people wrote."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.domain.search import SearchPage, SearchQuery, SearchSlice, SearchStop
from bot.features.history.buttons import build_page_rows
from bot.features.history.search import explain_no_results, format_search_heading
from bot.features.history.view import HistoryPage, build_contact_sheet_cells, build_history_view, format_choice_name
from bot.images.contact_sheet import draw_contact_sheet
from shared.i18n.messages import Messages
from shared.job import make_variant_id
from tests.support.views import (
    CATALOGUE,
    EN,
    FR,
    LINK,
    any_messages,
    assert_fits_discord,
    join_texts,
    make_job,
    make_request,
    make_result_record,
    number_jobs,
    records,
    utf16_length,
)

queries = st.builds(
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


def list_page_ids(page: SearchPage, page_number: int, search_id: str | None) -> list[str]:
    """List the custom ids of the buttons that turn the page."""
    shown = HistoryPage.of_counted(page, page_number)
    rows = build_page_rows(shown, search_id, EN, CATALOGUE)
    view = build_history_view(shown, "", EN, CATALOGUE, viewer_id=1, rows=rows)
    components: list[dict[str, Any]] = assert_fits_discord(view)
    custom_ids = [component.get("custom_id", "") for component in components]
    return [custom_id for custom_id in custom_ids if custom_id.startswith(("history_page", "favourites_page"))]


def render_page(*page_records: JobRecord) -> str:
    page = HistoryPage.of_counted(SearchPage(page_records, len(page_records)), 1)
    return join_texts(build_history_view(page, "Yours", EN, CATALOGUE, viewer_id=42))


@given(st.lists(records, max_size=9), st.integers(0, 10**6), queries, any_messages)
def test_a_page_fits_discord(page_records: list[JobRecord], more: int, query: SearchQuery, messages: Messages) -> None:
    numbered = number_jobs([record.job for record in page_records])
    page_records = [replace(record, job=job) for record, job in zip(page_records, numbered, strict=True)]
    page = HistoryPage.of_counted(SearchPage(page_records, len(page_records) + more), 2)
    heading = format_search_heading(query, messages, CATALOGUE)
    rows = build_page_rows(page, "9" * 20, messages, CATALOGUE)

    components = assert_fits_discord(build_history_view(page, heading, messages, CATALOGUE, viewer_id=42, rows=rows))

    options = [option for component in components for option in component.get("options", ())]
    assert len(options) == len(page_records)
    assert all(utf16_length(option.get("description") or "x") >= 1 for option in options)


@given(st.lists(records, min_size=1, max_size=9), any_messages)
@settings(max_examples=10)
def test_the_contact_sheet_of_any_page_can_be_drawn(page_records: list[JobRecord], messages: Messages) -> None:
    cells = build_contact_sheet_cells(page_records, [None] * len(page_records), messages, CATALOGUE)

    assert draw_contact_sheet(cells).jpeg.startswith(b"\xff\xd8")


def test_a_corrupt_thumbnail_is_drawn_as_a_missing_one() -> None:
    page = [make_result_record()]

    corrupt, missing = (
        draw_contact_sheet(build_contact_sheet_cells(page, [thumbnail], EN, CATALOGUE))
        for thumbnail in (b"corrupt", None)
    )

    assert corrupt.jpeg == missing.jpeg


def test_a_page_counts_what_was_found_and_names_its_number_only_among_others() -> None:
    one, many, endless = (SearchPage([make_result_record()], count) for count in (1, 30, 1001))

    texts = [
        join_texts(
            build_history_view(HistoryPage.of_counted(page, 2), "Yours", EN, CATALOGUE, viewer_id=42)
        ).splitlines()[1]
        for page in (one, many, endless)
    ]

    assert texts == ["1 found", "30 found · page 2 of 4", "more than 1000 found · page 2"]


def test_a_page_without_results_says_what_to_do() -> None:
    empty = {
        "Make your first picture": SearchQuery(1, hides_cancelled=True),
        "Press ☆ Favourite": SearchQuery(1, is_favourite=True, hides_cancelled=True),
        "Try other words": SearchQuery(1, keywords="castle", hides_cancelled=True),
    }

    for advice, query in empty.items():
        text = explain_no_results(query, EN)
        view = build_history_view(
            HistoryPage.of_counted(SearchPage([], 0), 1), "Yours", EN, CATALOGUE, viewer_id=42, empty_text=text
        )
        assert advice in join_texts(view)
        assert "0 found" not in join_texts(view)


def test_the_buttons_that_turn_a_page_carry_the_search_and_the_number_of_the_other_page() -> None:
    page = SearchPage([make_result_record()], 30)

    assert list_page_ids(page, 1, "17") == ["history_page:17:2"]
    assert list_page_ids(page, 2, "17") == ["history_page:17:1", "history_page:17:3"]
    assert list_page_ids(page, 4, "17") == ["history_page:17:3"]
    assert list_page_ids(page, 2, None) == ["favourites_page:1", "favourites_page:3"]


def test_pages_beyond_the_counted_ones_are_found_from_their_neighbours() -> None:
    last_counted = SearchPage([make_result_record()], 1009)
    job_id = last_counted.records[0].job.id
    found = SearchSlice(last_counted.records, "22", "21", has_more=True)
    oldest = SearchSlice(last_counted.records, "22", "21")

    def list_ids(page: HistoryPage, search_id: str | None) -> list[str]:
        buttons = build_page_rows(page, search_id, EN, CATALOGUE)[-1].children
        return [str(getattr(button, "custom_id", "")) for button in buttons]

    assert list_page_ids(last_counted, 112, "17") == ["history_page:17:111"]
    assert list_ids(HistoryPage.of_counted(last_counted, 112), "17")[1] == f"history_next_to:17:113:older:{job_id}"
    assert list_ids(HistoryPage.of_neighbours(found, 113, is_newer=False), "17") == [
        "history_next_to:17:112:newer:22",
        "history_next_to:17:114:older:21",
    ]
    assert list_ids(HistoryPage.of_neighbours(oldest, 114, is_newer=False), None) == [
        "history_next_to::113:newer:22",
    ]
    assert len(list_ids(HistoryPage.of_neighbours(oldest, 114, is_newer=True), None)) == 2


def test_pages_of_a_search_that_stopped_say_so_and_go_on_from_there() -> None:
    stop = SearchStop("15", 86400.5)

    def read(page: HistoryPage) -> tuple[str, list[str]]:
        view = build_history_view(page, "Yours", EN, CATALOGUE, viewer_id=42, empty_text="Try other words")
        buttons = build_page_rows(page, "17", EN, CATALOGUE)[-1].children
        return join_texts(view).splitlines()[1], [str(getattr(button, "custom_id", "")) for button in buttons]

    counted = SearchPage([make_result_record()], 12, stop)
    empty = SearchSlice([], "22", "15", has_more=True, stop=stop)

    assert read(HistoryPage.of_counted(counted, 1))[1] == ["history_page:17:2"]
    assert read(HistoryPage.of_counted(counted, 2)) == (
        "12 found · page 2 · searched back to <t:86400:D>",
        ["history_page:17:1", "history_next_to:17:3:older:15"],
    )
    assert read(HistoryPage.of_counted(SearchPage([], 0, stop), 1)) == (
        "0 found · page 1 · searched back to <t:86400:D>",
        ["history_next_to:17:2:older:15"],
    )
    assert read(HistoryPage.of_neighbours(empty, 2, is_newer=False)) == (
        "nothing found in this part · page 2 · searched back to <t:86400:D>",
        ["history_next_to:17:1:newer:22", "history_next_to:17:3:older:15"],
    )
    assert read(HistoryPage.of_neighbours(empty, 1, is_newer=True)) == (
        "nothing found in this part · page 1",
        ["history_next_to:17:1:newer:22", "history_next_to:17:2:older:15"],
    )


def test_a_line_names_other_requesters_and_says_why_there_is_no_picture() -> None:
    other = JobRecord(make_job(make_request(), 7), "filtered", None, None, 0.0)
    cancelled = JobRecord(make_job(make_request()), "failed", None, MessageRef(2, 3), 0.0, is_cancelled=True)

    text = render_page(make_result_record(), other, cancelled)

    assert f"**1.** “a castle” · SDXL 1.0 · <t:0:d> · [Open]({LINK})" in text
    assert "**2.** “a castle” · SDXL 1.0 · <@7> · filtered · <t:0:d>" in text
    assert "**3.** “a castle” · SDXL 1.0 · cancelled · <t:0:d>" in text
    assert FR.text("history.cancelled") in format_choice_name(cancelled, CATALOGUE, FR, 0.0)


def test_the_pictures_of_one_request_are_told_apart_by_the_numbers_on_its_message() -> None:
    record = make_result_record()
    second = replace(record, job=record.job.model_copy(update={"id": make_variant_id("17", 2)}))

    assert format_choice_name(second, CATALOGUE, FR, 0.0).startswith("a castle (2) · ")
    assert format_choice_name(record, CATALOGUE, FR, 0.0).startswith("a castle · ")


def test_a_deleted_result_has_no_link() -> None:
    text = render_page(make_result_record(is_deleted=True))

    assert text.endswith("**1.** “a castle” · SDXL 1.0 · deleted · <t:0:d>")


@given(records, any_messages, st.floats(0, 1e10))
def test_the_name_of_a_choice_has_at_most_100_characters(record: JobRecord, messages: Messages, now: float) -> None:
    assert 1 <= utf16_length(format_choice_name(record, CATALOGUE, messages, now)) <= 100
