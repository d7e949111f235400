"""A word list finds words however they are spelt, and never takes long."""

import random
import re
import string
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.text_folding import fold_text
from bot.domain.word_rules import FOLDED_LIMIT, PATTERN_LIMIT, WordList, make_rule
from shared.problems import RejectedError

WORDS = st.text("abcdefgh", min_size=1, max_size=6)


def matches(pattern: str, text: str) -> bool:
    return WordList([make_rule(pattern)]).find_rule(text) is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("horse", "a HORSE!"),
        ("horse", "a hörse"),
        ("hörse", "a horse"),
        ("horse", "ｈｏｒｓｅ"),
        ("horse", "a 𝓱𝓸𝓻𝓼𝓮"),
        ("horse", "🅷🅾🆁🆂🅴 in fog"),
        ("horse", "ho\u200brs\u00ade"),
        ("horse", "h\u043ers\u0435"),  # Cyrillic letters
        ("horse", "h0r5e"),
        ("horse", "h o r s e"),
        ("horse", "h.o-r_s*e"),
        ("straße", "STRASSE"),
        ("red car", "a Red  -- car."),
        ("red car", "red_car"),
        ("red-car", "red car"),
        ("horse*", "two horses"),
        ("*house", "a lighthouse"),
        ("*ght*", "lighthouse"),
        ("h*e", "horse"),
        ("h*e", "he"),
        ("red * car", "red fast car"),
        ("ab*b", "abb"),
        ("a*x y*b", "a1x y2b"),
        ("裸体", "美しい裸体画"),
        ("🐴", "a🐴b"),
        ("🐴", "a 🐴\ufe0f here"),
    ],
)
def test_a_rule_finds_its_words_in_any_spelling(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("horse", "horses"),
        ("horse", "seahorse"),
        ("horse", "hor se"),
        ("red car", "red fast car"),
        ("red * car", "red car"),
        ("red * car", "red very fast car"),
        ("h*e", "hot stove"),
        ("ab*b", "ab"),
        ("ed", "3d"),
        ("裸体", "裸の体"),
        ("horse", ""),
    ],
)
def test_a_rule_finds_nothing_else(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


def test_the_first_rule_that_matches_is_named_as_it_was_typed() -> None:
    rules = [make_rule(pattern) for pattern in ("cat", "  Red   CAR* ", "car*", "red*")]

    found = WordList(rules).list_rules("a red carriage", limit=2)

    assert [rule.pattern for rule in found] == ["Red CAR*", "car*"]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("", "word_rule_empty"),
        ("* **", "word_rule_empty"),
        ("!?\u200b", "word_rule_empty"),
        ("a" * (PATTERN_LIMIT + 1), "word_rule_too_long"),
        ("\ufdfa" * PATTERN_LIMIT, "word_rule_too_long"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern: str, code: str) -> None:
    with pytest.raises(RejectedError) as raised:
        make_rule(pattern)

    assert raised.value.problems[0].code == code


@example("Ꭰ")
@given(st.text(max_size=80))
def test_folding_is_stable_and_bounded_by_spaces(text: str) -> None:
    folded = fold_text(text)

    assert fold_text(folded) == folded
    assert folded[0] == folded[-1] == " "
    assert "  " not in folded
    assert not any(unicodedata.category(character) in {"Cf", "Po"} for character in folded)
    assert folded.casefold() == folded, "case makes no difference; Cherokee is folded to its capitals"


@given(
    st.lists(st.one_of(WORDS, st.just("*"), WORDS.map(lambda w: w + "*"), WORDS.map(lambda w: f"*{w}*a")), min_size=1)
)
def test_a_rule_matches_as_a_backtracking_search_does(parts: list[str]) -> None:
    pattern = " ".join(parts)[:30]
    text = "a b ab aab abcdefgh hgfedcba ba bb aba abab h g"
    try:
        rule = make_rule(pattern)
    except RejectedError:
        return
    reference = "(?<= )" + re.escape(rule.folded_pattern).replace(r"\*", "[^ ]*").replace(r"\ ", " ") + "(?= )"

    assert matches(pattern, text) is (re.search(reference, f" {text} ") is not None)


@given(st.text(max_size=PATTERN_LIMIT), st.text(max_size=200))
def test_no_pattern_and_no_text_raise_anything_else(pattern: str, text: str) -> None:
    try:
        rule = make_rule(pattern)
    except RejectedError:
        return

    WordList([rule]).find_rule(text)
    assert len(rule.folded_pattern) <= FOLDED_LIMIT


def measure(word_list: WordList, text: str) -> float:
    """Return the seconds of the fastest of some searches of a text that no rule matches."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        assert word_list.find_rule(text) is None
        best = min(best, time.process_time() - start)
    return best


def test_five_hundred_rules_take_a_few_milliseconds() -> None:
    rng = random.Random(7)

    def word(length: int) -> str:
        return "".join(rng.choices(string.ascii_lowercase, k=length))

    shapes = (lambda: word(6), lambda: f"{word(4)} {word(5)}", lambda: f"{word(4)}*", lambda: f"*{word(4)}*")
    rules = [make_rule(rng.choice(shapes)() + "q") for _ in range(500)]
    text = " ".join(word(rng.randint(1, 9)) for _ in range(170)).replace("q", "a")[:1000]

    assert measure(WordList(rules), text) < 0.005


@pytest.mark.parametrize("pattern", ["a*" * 40 + "b", "*a" * 40 + "*b*", "a * " * 20 + "b", "*" + "aab*" * 20])
@pytest.mark.parametrize("text", ["a" * 6000, "a " * 3000, "aab" * 2000, ("a" * 40 + " ") * 150])
def test_no_wildcards_make_a_search_hang(pattern: str, text: str) -> None:
    assert measure(WordList([make_rule(f"{pattern}z")]), f"bz {text}c") < 0.05
