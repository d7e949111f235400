"""The messages of the gallery keep Discord's limits and name everybody whose pictures a picture was made from."""

from dataclasses import replace
from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.gallery import GalleryReason
from bot.features.gallery.post_view import PostContent, build_post_view, compute_post_component_id, format_credits
from bot.features.gallery.store import TopResult
from bot.features.gallery.top_view import TopKind, TopPeriod, build_cells, build_top_view
from bot.images.contact_sheet import draw_contact_sheet
from bot.rendering.outcome_views import compute_component_id
from shared.i18n.messages import Messages
from tests.support.views import CATALOGUE, EN, FR, any_messages, make_request, make_result_record, requests


def read_text(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


def list_descriptions(view: ui.LayoutView) -> list[Any]:
    return [one.description for item in view.walk_children() if isinstance(item, ui.MediaGallery) for one in item.items]


@pytest.mark.parametrize(
    ("messages", "sources", "text"),
    [
        (EN, (), "By <@42>"),
        (EN, (7, 0), "By <@42> · from <@7>’s picture · from the picture of someone who deleted their data"),
        (FR, (7,), "De <@42> · à partir d'une image de <@7>"),
        (EN, tuple(range(1, 11)), f"By <@42> · {' · '.join(f'from <@{n}>’s picture' for n in range(1, 9))} · and 2"),
    ],
)
def test_the_whole_chain_of_authors_is_named(messages: Messages, sources: tuple[int, ...], text: str) -> None:
    assert format_credits(42, sources, messages).startswith(text)


@given(
    requests,
    st.sampled_from(GalleryReason),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 2**63), max_size=30),
    any_messages,
)
def test_a_post_keeps_discords_limits(
    request: Any, reason: GalleryReason, count: int, sources: list[int], messages: Messages
) -> None:
    content = PostContent(make_result_record(request), reason, count, sources, "a.png")

    view = build_post_view(content, CATALOGUE.models.get(request.model), messages)

    assert len(read_text(view)) <= 4000
    assert all(1 <= len(description) <= 1024 for description in list_descriptions(view))


def test_a_post_links_to_its_result_and_has_an_id_of_its_own() -> None:
    record = make_result_record()
    view = build_post_view(PostContent(record, GalleryReason.SHARED, 2, (), "a.png"), None, EN)

    assert "2 favourites · shared by its author · [Where it was made](https://discord.com/channels/1/2/3)" in read_text(
        view
    )
    assert compute_post_component_id(record.job.id) != compute_component_id(record.job.id)


def test_a_post_without_marks_counts_none_and_links_to_the_channel_of_a_message_that_is_gone() -> None:
    record = replace(make_result_record(), message=None)

    text = read_text(build_post_view(PostContent(record, GalleryReason.WINNER, 0, (), "a.png"), None, EN))

    assert "winner of a round · [Where it was made](https://discord.com/channels/1/2)" in text
    assert "favourite" not in text


@given(st.lists(requests, min_size=1, max_size=9), st.sampled_from(TopKind), st.sampled_from(TopPeriod), any_messages)
def test_a_list_keeps_discords_limits(found: list[Any], kind: TopKind, period: TopPeriod, messages: Messages) -> None:
    results = [TopResult(make_result_record(request), number, 1) for number, request in enumerate(found)]

    view = build_top_view(results, period, kind, messages, CATALOGUE)

    assert len(read_text(view)) <= 4000
    assert all(1 <= len(description) <= 1024 for description in list_descriptions(view))


def test_a_list_says_what_counts_in_words_and_below_each_picture() -> None:
    record = make_result_record(make_request(prompt="a *castle*"))
    results = [TopResult(record, 3, 1), TopResult(record, 0, 2)]

    view = build_top_view(results, TopPeriod.WEEK, TopKind.PICTURES, EN, CATALOGUE)
    people = build_top_view(results, TopPeriod.EVER, TopKind.PEOPLE, EN, CATALOGUE)
    cells = build_cells(results, [None, None], EN)

    assert "**1.** “a \\*castle\\*” · <@42> · 3 favourites, 1 round won · [open](" in read_text(view).lower()
    assert "**2.** <@42> · 2 rounds won" in read_text(people)
    assert "1. “a *castle*” by ada: 3 favourites, 1 round won; 2." in list_descriptions(view)[0]
    assert [cell.caption for cell in cells] == ["ada: 3 favourites, 1 round won", "ada: 2 rounds won"]
    assert draw_contact_sheet(cells).jpeg


@pytest.mark.parametrize("kind", TopKind)
def test_an_empty_list_says_so(kind: TopKind) -> None:
    assert read_text(build_top_view([], TopPeriod.MONTH, kind, EN, CATALOGUE)).count("\n") == 1
