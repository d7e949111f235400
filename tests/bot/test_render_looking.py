"""What the looking commands show stays within Discord's limits in every language, whatever people wrote."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.looking.history import heading_of, rows_of
from bot.phrases import Phrases, languages, phrases_for
from bot.ports import Belongings, Found, Past, Search, Standing, State, Told
from bot.render.answers import ended_view, gone_view
from bot.render.forgetting import forgetting_view
from bot.render.history import cells_of, named, page_view
from bot.render.queue import queue_view
from bot.sheets import contact_sheet
from bot.views import notice_rows
from bot.views.rows import button
from shared.job import Job
from tests.bot.test_render import CATALOGUE, ask, job, requests, text, wide

EN, FR = phrases_for("en"), phrases_for("fr")
speech = st.sampled_from([phrases_for(language) for language in languages()])
jobs = st.builds(job, requests, st.integers(0, 2**64 - 1))


def numbered(asked: list[Job]) -> list[Job]:
    return [one.model_copy(update={"id": str(1_300_000_000_000_000_000 + n)}) for n, one in enumerate(asked)]


def everything(part: Any) -> list[dict[str, Any]]:
    inner = [*part.get("components", ()), *([part["accessory"]] if "accessory" in part else [])]
    return [part, *(one for child in inner for one in everything(child))]


def fits(view: Any) -> list[dict[str, Any]]:
    """Hold a view to Discord's limits; give its components."""
    found = [one for part in view.to_components() for one in everything(part)]
    assert len(found) == view.total_children_count <= 40
    assert sum(wide(one["content"]) for one in found if "content" in one) <= 4000
    assert all(one["content"] for one in found if "content" in one)
    ids = [one["custom_id"] for one in found if "custom_id" in one]
    assert len(ids) == len(set(ids))
    assert all(1 <= len(one) <= 100 for one in ids)
    assert all(1 <= wide(one["label"]) <= 80 for one in found if one["type"] == 2)
    for select in (one for one in found if one["type"] == 3):
        assert 1 <= len(select["options"]) <= 25
        assert wide(select.get("placeholder", "")) <= 150
        assert len({option["value"] for option in select["options"]}) == len(select["options"])
        for option in select["options"]:
            assert all(1 <= wide(option[part]) <= 100 for part in ("label", "value"))
            assert wide(option.get("description") or "") <= 100
    return found


def queued(asked: list[Job], state: State, phrases: Phrases, guild: int | None = 7) -> Any:
    standings = [Standing(one, state, place, 9e9, 1e10, None, None) for place, one in enumerate(asked)]
    buttons = {one.id: button("cancel", one.id, phrases) for one in asked}
    note = phrases.say("cancel.unknown")
    return queue_view(standings, guild, CATALOGUE, phrases, buttons, note=note)


@given(st.lists(jobs, max_size=25), st.sampled_from(State), speech, st.none() | st.integers(0, 10**6))
def test_a_queue_fits_discord(asked: list[Job], state: State, phrases: Phrases, guild: int | None) -> None:
    fits(queued(numbered(asked), state, phrases, guild))


def test_only_what_has_not_begun_can_be_cancelled() -> None:
    asked = numbered([job(ask()) for _ in range(3)])

    can = {state: [one for one in fits(queued(asked, state, EN)) if "custom_id" in one] for state in State}

    assert [one["custom_id"] for one in can[State.WAITING]] == [f"cancel:{one.id}" for one in asked]
    assert len(can[State.PREPARING]) == 3
    assert can[State.RUNNING] == can[State.FINISHED] == []


def test_a_queue_says_how_much_there_is_and_where() -> None:
    asked = numbered([job(ask()) for _ in range(12)])

    said = "\n".join(one["content"] for one in fits(queued(asked, State.RUNNING, EN)) if "content" in one)

    assert "12 requests of yours are on their way" in said
    assert "7 requests are on their way on the whole server." in said
    assert "and 2 more" in said
    assert "[Open](https://discord.com/channels/1/2/3)" in said
    assert "Nothing of yours is on its way" in "\n".join(text(queued([], State.RUNNING, EN)))


def test_a_model_that_is_at_work_is_named_once() -> None:
    asked = [job(ask())]

    running, waiting = (
        "\n".join(one["content"] for one in fits(queued(asked, state, EN)) if "content" in one)
        for state in (State.RUNNING, State.WAITING)
    )

    assert running.count("SDXL 1.0") == waiting.count("SDXL 1.0") == 1


pasts = st.builds(
    Past,
    job=jobs,
    kind=st.sampled_from(["generated", "filtered", "failed", "unknown"]),
    seed=st.none() | st.integers(0, 2**32 - 1),
    cancelled=st.booleans(),
    told=st.none() | st.builds(Told, st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**64 - 1)),
    finished_at=st.floats(0, 1e10),
    deleted=st.booleans(),
)
searches = st.builds(
    Search,
    viewer=st.just(1),
    here=st.booleans(),
    user=st.none() | st.integers(0, 2**64 - 1),
    starred=st.booleans(),
    words=st.text(max_size=200),
    model=st.none() | st.sampled_from(list(CATALOGUE.models)),
    since=st.none() | st.floats(0, 1e10),
    until=st.none() | st.floats(86400, 1e10),
)


@given(st.lists(pasts, max_size=9), st.integers(0, 10**6), searches, speech)
def test_a_page_of_the_history_fits_discord(shown: list[Past], more: int, wanted: Search, phrases: Phrases) -> None:
    ids = numbered([past.job for past in shown])
    shown = [replace(past, job=one) for past, one in zip(shown, ids, strict=True)]
    found = Found(shown, len(shown) + more)

    heading, rows = heading_of(wanted, phrases, CATALOGUE), list(rows_of(found, 2, "9" * 20, phrases, CATALOGUE))
    parts = fits(page_view(found, 2, heading, phrases, CATALOGUE, viewer=42, rows=rows))

    for part in parts:
        for option in part.get("options", ()):
            assert 1 <= wide(option["label"]) <= 100
            assert 1 <= wide(option.get("description") or "x") <= 100
        for item in part.get("items", ()):
            assert 1 <= wide(item["description"]) <= 1024


@given(st.lists(pasts, min_size=1, max_size=9), speech)
@settings(max_examples=10)
def test_a_sheet_can_be_drawn_of_any_page(shown: list[Past], phrases: Phrases) -> None:
    cells = cells_of(Found(shown, len(shown)), [None] * len(shown), phrases, CATALOGUE)

    assert contact_sheet(cells).jpeg.startswith(b"\xff\xd8")


def test_a_broken_thumbnail_is_said_to_be_missing() -> None:
    found = Found([Past(job(ask()), "generated", 1, Told(2, 3), 0.0)], 1)

    broken, missing = (contact_sheet(cells_of(found, [one], EN, CATALOGUE)) for one in (b"broken", None))

    assert broken.jpeg == missing.jpeg


def test_a_page_is_turned_by_buttons_that_know_the_search_and_the_next_page() -> None:
    found = Found([Past(job(ask()), "generated", 1, Told(2, 3), 0.0)], 30)

    ids = {page: [one["custom_id"] for one in _rows_shown(found, page)] for page in (1, 2, 4)}

    assert ids == {1: ["page:17:2"], 2: ["page:17:1", "page:17:3"], 4: ["page:17:3"]}


def _rows_shown(found: Found, page: int) -> list[dict[str, Any]]:
    rows = list(rows_of(found, page, "17", EN, CATALOGUE))
    view = page_view(found, page, "", EN, CATALOGUE, viewer=1, rows=rows)
    return [one for one in fits(view) if one.get("custom_id", "").startswith("page")]


def test_the_others_are_named_and_what_has_no_picture_says_why() -> None:
    mine, other = Past(job(ask()), "generated", 1, Told(2, 3), 0.0), Past(job(ask(), 7), "filtered", None, None, 0.0)
    cancelled = Past(job(ask()), "failed", None, Told(2, 3), 0.0, cancelled=True)

    said = "\n".join(text(page_view(Found([mine, other, cancelled], 3), 1, "Yours", EN, CATALOGUE, viewer=42)))

    assert "**1.** “a castle” · SDXL 1.0 · <t:0:d> · [Open](https://discord.com/channels/1/2/3)" in said
    assert "**2.** “a castle” · SDXL 1.0 · <@7> · filtered · <t:0:d>" in said
    assert "**3.** “a castle” · SDXL 1.0 · cancelled · <t:0:d>" in said
    assert FR.say("history.cancelled") in named(cancelled, CATALOGUE, FR, 0.0)


def test_no_link_leads_to_what_was_deleted() -> None:
    deleted = Past(job(ask()), "generated", 1, Told(2, 3), 0.0, deleted=True)

    said = "\n".join(text(page_view(Found([deleted], 1), 1, "Yours", EN, CATALOGUE, viewer=42)))

    assert said.endswith("**1.** “a castle” · SDXL 1.0 · deleted · <t:0:d>")


@given(pasts, speech, st.none() | st.just("https://discord.com/channels/1/2/3"))
def test_what_is_gone_or_never_was_is_said_within_discords_limits(
    past: Past, phrases: Phrases, link: str | None
) -> None:
    model = CATALOGUE.models.get(past.job.request.model)
    rows = notice_rows(past.job.id, past.job.request, CATALOGUE, phrases)

    fits(gone_view(past.job, past, model, phrases, rows=rows))
    fits(ended_view(past.job, past.without_picture, link, phrases, rows=rows))


@given(pasts, speech, st.floats(0, 1e10))
def test_a_past_job_is_offered_in_100_characters(past: Past, phrases: Phrases, now: float) -> None:
    assert 1 <= wide(named(past, CATALOGUE, phrases, now)) <= 100


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=10), st.booleans(), speech)
def test_what_is_forgotten_is_said_within_discords_limits(counts: list[int], gone: bool, phrases: Phrases) -> None:
    fits(forgetting_view(Belongings(*counts), phrases, gone=gone))


def test_only_what_is_held_is_listed() -> None:
    said = "\n".join(text(forgetting_view(Belongings(prompts=1, preferences=1), EN)))

    assert "- 1 request with its prompt and settings\n- your preferences" in said
    assert "favourite" not in said
    assert "on its way" not in said
    assert EN.say("forget.nothing") in "\n".join(text(forgetting_view(Belongings(), EN)))
