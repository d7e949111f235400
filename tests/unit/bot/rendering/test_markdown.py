"""Text that people wrote is shown literally, harmlessly and within its limit."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.markdown import build_thread_name, escape_markdown, escape_problem_text, truncate_text
from shared.i18n.messages import load_messages
from shared.problems import make_problem
from shared.request.model import Request
from tests.support.views import any_text, requests, utf16_length


@given(requests)
def test_a_thread_has_a_name_of_1_to_100_characters(request: Request) -> None:
    assert 1 <= utf16_length(build_thread_name(request)) <= 100
    assert "\n" not in build_thread_name(request)


@given(any_text, st.integers(5, 200))
def test_all_markdown_is_escaped_and_no_escape_is_cut_in_half(text: str, limit: int) -> None:
    escaped = escape_markdown(text, limit)

    assert utf16_length(escaped) <= limit
    assert not re.search(r"[\\`*_~|<>\[\]@:\n\r]", re.sub(r"\\[\\`*_~|<>\[\]@:]", "", escaped))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**bold** _it_ ~~no~~ ||spoiler||", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|spoiler\|\|"),
        ("@everyone <@1> <t:1:R>", r"\@everyone \<\@1\> \<t\:1\:R\>"),
        ("[here](https://example.com)", r"\[here\](https\://example.com)"),
        ("two\n# lines\t.", "two # lines ."),
        ("\u202egnp.exe\u2066\x07", "gnp.exe"),
        ("c\\d", r"c\\d"),
        ("👩‍🎨 été 中文", "👩‍🎨 été 中文"),
    ],
)
def test_text_is_shown_as_it_was_written_without_effect(text: str, escaped: str) -> None:
    assert escape_markdown(text, 200) == escaped


def test_truncating_never_leaves_half_a_character() -> None:
    assert truncate_text("👩" * 10, 6) == "👩👩…"
    assert escape_markdown("*" * 10, 6) == r"\*\*…"


def test_a_problem_keeps_its_own_times_and_nothing_else_that_discord_would_read() -> None:
    problem = make_problem("blocked_until", until=1_796_083_200, reason="**why** <t:9:f>")

    shown = escape_problem_text(load_messages("en-US").format_problem(problem), [problem], 200)

    assert "until <t:1796083200:f>" in shown
    assert r"\*\*why\*\* \<t\:9\:f\>" in shown
