"""Whatever people write, no message of the bot pings, breaks out of its form or hides what it says."""

import json
import re
import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from discord import Locale
from hypothesis import given
from hypothesis import strategies as st

from bot.interactions.answers import LIMIT, written
from bot.phrases import phrases_for
from bot.render import failed_view, filtered_view, result_view, thread_name
from bot.render.text import plain
from shared.catalogue import load_catalogue
from shared.errors import SENTENCES, Refused, problem
from shared.job import Job, Place, Requester
from shared.outcome import Failed, Filtered, Generated, Side
from shared.prompts import TextPrompt
from shared.request import EXTRAS_DEPTH, EXTRAS_LIMIT, Request, compose, parse_extras

CATALOGUE = load_catalogue()
EN = phrases_for("en")
MADE = Generated(seed=7, media_type="image/png", width=64, height=64, seconds=1.0)
NASTY = (
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
texts = st.lists(st.sampled_from(NASTY) | st.text(st.characters(), max_size=8), min_size=1, max_size=40).map("".join)
somebodys = texts.filter(lambda words: bool(words.strip()))


def job(request: Request, name: str = "Ada") -> Job:
    return Job(
        id="1442000000000000001",
        request=request,
        seed=1,
        requester=Requester(id=42, name=name),
        place=Place(guild=1, channel=2, message=3),
        accepted_at=0,
    )


def asked(prompt: str, **options: Any) -> Request:
    return Request(model="sdxl", text_prompts=(TextPrompt(text=prompt),), has_picture=True, **options)


def contents(view: Any) -> Iterator[str]:
    (container,) = view.to_components()
    yield from (part["content"] for part in container["components"] if "content" in part)


def alive(text: str) -> list[str]:
    """What Discord would read as a mark, with our own bold labels, seed, subtext and mention of the asker taken out."""
    ours = re.sub(r"\A-# .*<@42>|\A### |\*\*[\w\\ -]+\*\*(?= |\n)|\n```\n7\n```\Z", "", text)
    return re.findall(r"[`*_~|<>\[\]@]|^#|^-|^>|://", re.sub(r"\\(?:[^\w\s]|_)", "", ours), re.MULTILINE)


def hidden(text: str) -> list[str]:
    return [
        f"{ord(c):04x}"
        for c in text
        if unicodedata.category(c) in {"Cc", "Cs"} - ({"Cc"} if c == "\n" else set())
        or unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or c in "\u200b\u200e\u200f\u2060\ufeff\u00ad\u061c"
        or 0xE0000 <= ord(c) < 0xE0080
    ]


@given(somebodys, texts, st.dictionaries(texts, texts, max_size=2))
def test_a_result_shows_the_prompt_without_any_of_its_marks_alive(
    prompt: str, choice: str, extras: dict[str, str]
) -> None:
    request = asked(prompt, style_preset=choice, extras=extras)
    view = result_view(job(request, name=prompt), MADE, CATALOGUE.models["sdxl"], EN, file="a.png", seconds=1)

    for content in contents(view):
        assert not alive(content), content
        assert not hidden(content)


@given(texts)
def test_a_failure_quotes_a_model_without_any_of_its_marks_alive(detail: str) -> None:
    for code in ("not_accepted", "bad_answer", "misconfigured"):
        view = failed_view(job(asked("x")), Failed(problem=problem(code, model="M", detail=detail)), EN)
        for content in contents(view):
            assert not alive(content), content
            assert not hidden(content)


@given(somebodys)
def test_a_notice_of_the_filter_has_nothing_of_the_prompt(prompt: str) -> None:
    view = filtered_view(job(asked(prompt)), Filtered(side=Side.INPUT, seconds=1), EN)

    assert list(contents(view)) == list(
        contents(filtered_view(job(asked("x")), Filtered(side=Side.INPUT, seconds=1), EN))
    )


@given(st.lists(texts, min_size=1, max_size=30))
def test_a_refusal_quotes_what_was_written_without_any_of_its_marks_alive(values: list[str]) -> None:
    interaction: Any = SimpleNamespace(locale=Locale.american_english, extras={})
    wrong = [problem("model_unknown", value=value[:100], models="SDXL 1.0") for value in values]

    text = written(interaction, wrong)

    assert len(text) <= LIMIT
    for line in text.split("\n"):
        assert not alive(line.removeprefix("- ")), line
        assert not hidden(line)


@given(somebodys)
def test_a_threads_name_is_one_line_that_hides_nothing(prompt: str) -> None:
    name = thread_name(asked(prompt))

    assert 1 <= len(name.encode("utf-16-le")) // 2 <= 100
    assert not hidden(name)
    assert "\n" not in name


@pytest.mark.parametrize("prompt", ["\u200b", "\u200b\u2060 \ufeff", "\u3164", "\u2800\u2800", "\u202e", "\u200d"])
def test_a_prompt_of_which_nothing_is_seen_names_its_thread_after_the_bot(prompt: str) -> None:
    assert thread_name(asked(prompt)) == "Pentimento"


@pytest.mark.parametrize(
    "words", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم", "مرحبا", "\u0661\u0600", "가", "❤\ufe0f"]
)
def test_words_and_emoji_of_all_languages_stay_whole(words: str) -> None:
    assert plain(words) == words


LIMITS = [(model.key, field) for model in CATALOGUE for field in ("prompt", "negative") if model.reads_prompts]


@pytest.mark.parametrize(("model", "field"), LIMITS)
@pytest.mark.parametrize("letter", ["x", "é", "\U0001f3f0", "\u202e"])
def test_a_text_of_just_its_limit_is_taken_and_one_more_is_refused(model: str, field: str, letter: str) -> None:
    row = CATALOGUE.models[model]
    limit, has_picture = row.fields["prompt"].limit or 0, row.picture == "required"
    texts_of = {"prompt": "p", field: letter * limit}
    assert compose(CATALOGUE, model=model, has_picture=has_picture, **texts_of)

    with pytest.raises(Refused) as refused:
        compose(CATALOGUE, model=model, has_picture=has_picture, **texts_of | {field: letter * (limit + 1)})
    assert [(p.code, p.facts["length"]) for p in refused.value.problems] == [("prompt_too_long", limit + 1)]


def extras_of(length: int) -> str:
    return '{"a":"' + "x" * (length - 8) + '"}'


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return '{"a":' + opening * (depth - 1) + closing * (depth - 1) + "}"


def test_extras_are_taken_up_to_their_limit_and_no_further() -> None:
    assert parse_extras(extras_of(EXTRAS_LIMIT))
    with pytest.raises(Refused, match="2001"):
        parse_extras(extras_of(EXTRAS_LIMIT + 1))
    assert parse_extras(nested(EXTRAS_DEPTH))
    with pytest.raises(Refused, match="33 levels"):
        parse_extras(nested(EXTRAS_DEPTH + 1))


@pytest.mark.parametrize(
    "bomb",
    [
        *(nested(depth) for depth in (100, 190, 200, 250, 500, 990)),
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
    except Refused as refused:
        assert all(p.sentence() for p in refused.problems)
        return
    request = compose(CATALOGUE, prompt="x", model="sdxl", has_picture=False, extras=extras)
    whole = job(request)
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
    with pytest.raises(Refused) as refused:
        compose(CATALOGUE, prompt="x", model="sdxl", has_picture=False, **options)

    (wrong,) = refused.value.problems
    assert wrong.code == "out_of_range"
    assert EN.problem(wrong)


def test_every_sentence_stands_whatever_its_facts_hold() -> None:
    for code, sentence in SENTENCES.items():
        facts = dict.fromkeys(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", sentence), "{0} {x.__class__} %s @everyone")
        assert "{x.__class__}" in problem(code, **facts).sentence() or not facts
