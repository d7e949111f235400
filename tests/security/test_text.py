"""Whatever people write, no message of the bot pings, breaks out of its form or hides what it says."""

import json
import re
import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from discord import Locale
from hypothesis import example, given
from hypothesis import strategies as st

from bot.interactions.responses import MESSAGE_LIMIT, format_problems
from bot.rendering.markdown import build_thread_name, count_utf16_units, flatten_text
from bot.rendering.outcome_views import build_failed_view, build_filtered_view, build_result_view
from shared.catalogue import load_catalogue
from shared.i18n.messages import describe_problem, load_messages
from shared.job import Job, Origin, Requester
from shared.outcome import Failed, Filtered, FilteredPart, Generated
from shared.problems import RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.request.builder import build_request
from shared.request.extras import EXTRAS_MAX_DEPTH, EXTRAS_MAX_LENGTH, parse_extras
from shared.request.model import MaskKind, Request
from tests.support.messages import list_problem_facts

CATALOGUE = load_catalogue()
EN = load_messages("en")
# facts that are never what a person wrote
NAMES_OF_OURS: dict[str, str | int] = {
    "field": "steps",
    "other": "keep",
    "options": "keep, seed",
    "permissions": "attach_files",
    "fitting": 1,
}
GENERATED = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=1.0)
HOSTILE_TEXTS = (
    *(
        "@everyone",
        "@here",
        "<@1442000000000000001>",
        "<@&2>",
        "<#3>",
        "</imagine:4>",
        "<:a:5>",
        "<t:1:R>",
        "<id:home>",
    ),
    *("[click](https://evil.example)", "<https://evil.example>", "https://evil.example/a_b", "||spoiler||", "***"),
    *("```js\n", "`", "~~", "__", "# heading", "-# small", "> quote", ">>> all", "* list", "1. one", "\\", "\\\\`"),
    *(
        "\u202e",
        "\u2066",
        "\u2069",
        "\u200b",
        "\u200f",
        "\ufeff",
        "\u2060",
        "\u00ad",
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\r\n",
    ),
    *(
        "\ud83d",
        "\U000e0041",
        "\U0001f468\u200d\U0001f469",
        "e\u0301",
        "\u0600",
        "\u2028",
        "\ufffe",
        "“",
        "”",
        "\u3164",
    ),
)
hostile_texts = st.lists(
    st.sampled_from(HOSTILE_TEXTS) | st.text(st.characters(), max_size=8), min_size=1, max_size=40
).map("".join)
visible_texts = hostile_texts.filter(lambda words: bool(words.strip()))


def make_job(request: Request, name: str = "Ada") -> Job:
    return Job(
        id="1442000000000000001",
        request=request,
        seed=1,
        requester=Requester(id=42, name=name),
        origin=Origin(guild_id=1, channel_id=2, message_id=3),
        accepted_at=0,
    )


def make_request(prompt: str, **options: Any) -> Request:
    return Request(model="sdxl", text_prompts=(TextPrompt(text=prompt),), has_picture=True, **options)


def list_contents(view: Any) -> Iterator[str]:
    (container,) = view.to_components()
    yield from (part["content"] for part in container["components"] if "content" in part)


def find_live_markdown(text: str) -> list[str]:
    """What Discord would read as a mark, with our own bold labels, seed, subtext and mention of the asker taken out."""
    ours = re.sub(r"\A-# .*<@42>|\A### |\*\*[\w\\ -]+\*\*(?= |\n)|`7`\Z", "", text)
    return re.findall(r"[`*_~|<>\[\]@]|^#|^-|^>|://", re.sub(r"\\(?:[^\w\s]|_)", "", ours), re.MULTILINE)


def find_hidden_characters(text: str) -> list[str]:
    return [
        f"{ord(c):04x}"
        for c in text
        if unicodedata.category(c) in {"Cc", "Cs"} - ({"Cc"} if c == "\n" else set())
        or unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or c in "\u200b\u200e\u200f\u2060\ufeff\u00ad\u061c"
        or 0xE0000 <= ord(c) < 0xE0080
    ]


@given(visible_texts, hostile_texts, st.dictionaries(hostile_texts, hostile_texts, max_size=2))
def test_a_result_shows_the_prompt_without_any_of_its_marks_alive(
    prompt: str, choice: str, extras: dict[str, str]
) -> None:
    request = make_request(prompt, style_preset=choice, extras=extras)
    view = build_result_view(make_job(request, name=prompt), GENERATED, CATALOGUE.models["sdxl"], EN, filename="a.png")

    for content in list_contents(view):
        assert not find_live_markdown(content), content
        assert not find_hidden_characters(content)


@given(hostile_texts)
def test_a_failure_quotes_a_model_without_any_of_its_marks_alive(detail: str) -> None:
    for code in ("not_accepted", "invalid_response", "misconfigured"):
        view = build_failed_view(
            make_job(make_request("x")), Failed(problem=make_problem(code, model="M", detail=detail)), EN
        )
        for content in list_contents(view):
            assert not find_live_markdown(content), content
            assert not find_hidden_characters(content)


@given(visible_texts)
def test_a_notice_of_the_filter_has_nothing_of_the_prompt(prompt: str) -> None:
    view = build_filtered_view(
        make_job(make_request(prompt)), Filtered(part=FilteredPart.INPUT, duration_seconds=1), EN
    )

    assert list(list_contents(view)) == list(
        list_contents(
            build_filtered_view(make_job(make_request("x")), Filtered(part=FilteredPart.INPUT, duration_seconds=1), EN)
        )
    )


@example(["*" * 100] * 5 + ["y" * 6, ""] + ["*" * 100] * 3)  # was cut to end in "-…"
@given(st.lists(hostile_texts, min_size=1, max_size=30))
def test_a_refusal_quotes_what_was_written_without_any_of_its_marks_alive(values: list[str]) -> None:
    interaction: Any = SimpleNamespace(locale=Locale.american_english, extras={})
    wrong = [make_problem("model_unknown", value=value[:100], models="SDXL 1.0") for value in values]

    text = format_problems(interaction, wrong)

    assert count_utf16_units(text) <= MESSAGE_LIMIT
    for line in text.split("\n"):
        assert not find_live_markdown(line.removeprefix("- ")), line
        assert not find_hidden_characters(line)
    *_, last = text.split("\n")
    assert last.endswith(("SDXL 1.0.", "more.")), "a whole line"
    if omitted := re.fullmatch(r"- and (\d+) more\.", last):
        assert len(text.split("\n")) - 2 + int(omitted[1]) == len(values)


@given(visible_texts)
def test_a_threads_name_is_one_line_that_hides_nothing(prompt: str) -> None:
    name = build_thread_name(make_request(prompt))

    assert 1 <= len(name.encode("utf-16-le")) // 2 <= 100
    assert not find_hidden_characters(name)
    assert "\n" not in name


@pytest.mark.parametrize("prompt", ["\u200b", "\u200b\u2060 \ufeff", "\u3164", "\u2800\u2800", "\u202e", "\u200d"])
def test_a_prompt_of_which_nothing_is_seen_names_its_thread_after_the_bot(prompt: str) -> None:
    assert build_thread_name(make_request(prompt)) == "Pentimento"


@pytest.mark.parametrize(
    "words", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم", "مرحبا", "\u0661\u0600", "가", "❤\ufe0f"]
)
def test_words_and_emoji_of_all_languages_stay_whole(words: str) -> None:
    assert flatten_text(words) == words


LIMITS = [
    (model.key, field)
    for model in CATALOGUE
    for field in ("prompt", *(("negative",) if model.reads_negative_prompts else ()))
    if model.reads_prompts
]


@pytest.mark.parametrize(("model", "field"), LIMITS)
@pytest.mark.parametrize("letter", ["x", "é", "\U0001f3f0", "\u202e"])
def test_a_text_of_just_its_limit_is_taken_and_one_more_is_refused(model: str, field: str, letter: str) -> None:
    row = CATALOGUE.models[model]
    limit = row.fields["prompt"].limit or 0
    needed: dict[str, Any] = {name: "x" for name in ("search_prompt", "select_prompt") if name in row.fields}
    needed |= {"left": 1} if "left" in row.fields else {}
    inputs: dict[str, Any] = {
        **needed,
        "has_picture": row.picture == "required",
        "mask": MaskKind.PICTURE if row.mask == "required" else None,
        "has_style_picture": row.style_picture == "required",
        "prompt": "p",
    }
    assert build_request(CATALOGUE, model=model, **inputs | {field: "p" + letter * (limit - 1)}).request

    with pytest.raises(RejectedError) as refused:
        build_request(CATALOGUE, model=model, **inputs | {field: "p" + letter * limit})
    assert [(p.code, p.facts["length"]) for p in refused.value.problems] == [("prompt_too_long", limit + 1)]


def make_extras(length: int) -> str:
    return '{"a":"' + "x" * (length - 8) + '"}'


def make_nested_json(depth: int, opening: str = "[", closing: str = "]") -> str:
    return '{"a":' + opening * (depth - 1) + closing * (depth - 1) + "}"


def test_extras_are_taken_up_to_their_limit_and_no_further() -> None:
    assert parse_extras(make_extras(EXTRAS_MAX_LENGTH))
    with pytest.raises(RejectedError, match="length: 2001"):
        parse_extras(make_extras(EXTRAS_MAX_LENGTH + 1))
    assert parse_extras(make_nested_json(EXTRAS_MAX_DEPTH))
    with pytest.raises(RejectedError, match="depth: 33"):
        parse_extras(make_nested_json(EXTRAS_MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "bomb",
    [
        *(make_nested_json(depth) for depth in (100, 190, 200, 250, 500, 990)),
        '{"a":' * 330 + "1" + "}" * 330,
        '{"a":' + "9" * 1990 + "}",
        '{"a":1e999}',
        '{"a":-Infinity}',
        '{"a":9223372036854775808,"b":-9223372036854775809}',
        '{"a":"\\u0000\\ud800"}',
        '{"__proto__":{"x":1},"a":1,"a":2}',
        "\ufeff{}",
        "[" * 2000,
        '{"' * 1000,
    ],
)
def test_extras_are_refused_in_words_or_can_be_read_again_by_everyone(bomb: str) -> None:
    try:
        extras = parse_extras(bomb)
    except RejectedError as refused:
        assert all(describe_problem(p) for p in refused.problems)
        return
    request = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, extras=extras).request
    whole = make_job(request)
    assert Job.model_validate_json(whole.model_dump_json()) == whole
    assert json.loads(json.dumps(extras)) == extras


@given(
    st.sampled_from(["seed", "steps", "samples"]),
    st.sampled_from([2**32, 2**53, 2**63 - 1, 2**63, 2**64, 10**400]).flatmap(
        lambda n: st.sampled_from([n, -n, n + 1, -n - 1])
    ),
)
def test_whole_numbers_of_any_size_are_refused_with_their_range(field: str, value: int) -> None:
    options: dict[str, Any] = {field: value}
    with pytest.raises(RejectedError) as refused:
        build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, **options)

    (wrong,) = refused.value.problems
    assert wrong.code == "out_of_range"
    assert EN.format_problem(wrong)


def test_every_sentence_stands_whatever_its_facts_hold() -> None:
    for code, names in list_problem_facts().items():
        facts: dict[str, str | int] = dict.fromkeys(names, "{0} {x.__class__} %s @everyone")
        facts |= {name: fact for name, fact in NAMES_OF_OURS.items() if name in names}
        said = EN.format_problem(make_problem(code, **facts))
        assert "{x.__class__}" in said or names <= set(NAMES_OF_OURS)
