"""Every language says everything, and says it within Discord's limits."""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import DEFAULT_LANGUAGE, list_languages, load_messages
from shared.problems import MESSAGES, Problem, make_problem
from shared.request.model import OPTION_NAMES

OTHER_LANGUAGES = [language for language in list_languages() if language != DEFAULT_LANGUAGE]


def read_messages(language: str) -> dict[str, Any]:
    return tomllib.loads(files("bot.i18n").joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def list_leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if isinstance(value, Mapping) and not ({"one", "other"} <= set(value)):
            yield from list_leaves(value, f"{path}{name}.")
        elif isinstance(value, Mapping):
            assert set(value) == {"one", "other"}, f"{path}{name}"
            yield from ((f"{path}{name}", value[form]) for form in ("one", "other"))
        elif isinstance(value, str):
            yield f"{path}{name}", value


def find_placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def list_sentences(language: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, sentence in list_leaves(read_messages(language)):
        if not key.startswith(("problem.", "language.")):
            found.setdefault(key, set()).update(find_placeholders(sentence))
    return found


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_language_has_the_same_sentences_with_the_same_placeholders(language: str) -> None:
    assert list_sentences(language) == list_sentences(DEFAULT_LANGUAGE)


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_problem_is_told_in_every_language_with_the_facts_that_it_has(language: str) -> None:
    told = read_messages(language)["problem"]

    assert set(told) == set(MESSAGES)
    for code, sentence in told.items():
        for form in sentence.values() if isinstance(sentence, dict) else [sentence]:
            assert find_placeholders(form) == find_placeholders(MESSAGES[code]), code


def test_english_only_repeats_problems_that_need_a_plural() -> None:
    for code, sentence in read_messages(DEFAULT_LANGUAGE)["problem"].items():
        assert {"one", "other"} == set(sentence)
        assert find_placeholders(sentence["other"]) == find_placeholders(MESSAGES[code])


@pytest.mark.parametrize("language", list_languages())
def test_a_problem_is_three_beats_or_more(language: str) -> None:
    phrases = load_messages(language)
    for code, sentence in MESSAGES.items():
        facts: dict[str, int] = dict.fromkeys(find_placeholders(sentence), 2)
        facts.pop("permissions", None)
        said = phrases.format_problem(Problem(code=code, facts=facts | _find_permissions(sentence)))
        assert len(re.findall(r"[.:?!»”)](?:\s|$)", said)) >= 2, said


def _find_permissions(sentence: str) -> dict[str, Any]:
    return {"permissions": "attach_files, embed_links"} if "{permissions}" in sentence else {}


@pytest.mark.parametrize("language", list_languages())
def test_every_option_of_a_request_has_a_name_that_discord_takes(language: str) -> None:
    phrases = load_messages(language)
    fields = {"prompt", "negative", "image", "model", *OPTION_NAMES}

    names = [phrases.get_option_name(field) for field in fields]

    assert len(set(names)) == len(fields) <= 25
    for name in names:
        assert re.fullmatch(r"[-_'\w]{1,32}", name)
        assert name == name.lower()
    for field in fields:
        assert 1 <= len(phrases.text(f"option.{field}.description")) <= 100


def test_a_locale_finds_its_language_its_stem_or_english() -> None:
    assert [load_messages(locale).language for locale in ("fr", "fr-CA", "en-GB", "de", "zh-CN", "")] == [
        *("fr", "fr", "en", "en", "en", "en")
    ]


def test_english_comes_first() -> None:
    assert list_languages()[0] == "en"
    assert "fr" in list_languages()


@pytest.mark.parametrize(
    ("locale", "count", "said"),
    [
        ("en", 0, "There are 0 things to mend:"),
        ("en", 1, "There is 1 thing to mend:"),
        ("en", 2, "There are 2 things to mend:"),
        ("fr", 0, "Il y a 0 chose à corriger\u00a0:"),
        ("fr", 1, "Il y a 1 chose à corriger\u00a0:"),
        ("fr", 2, "Il y a 2 choses à corriger\u00a0:"),
    ],
)
def test_counts_choose_their_plural_as_the_language_does(locale: str, count: int, said: str) -> None:
    assert load_messages(locale).text("refused.several", count=count) == said


def test_a_sentence_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"en\.toml has no sentence 'nothing\.here'"):
        load_messages("en").text("nothing.here")


def test_options_choices_and_sizes_bear_the_names_that_the_person_sees() -> None:
    wrong = make_problem("out_of_range", field="cfg_scale", value="40", model="SDXL 1.0", minimum="0", maximum="35")
    conflict = make_problem("mode_conflict", field="keep", mode="STEP_SCHEDULE", other="IMAGE_STRENGTH")
    large = make_problem("attachment_too_large", size="31.5 MiB", limit="10 MiB")
    long = make_problem("prompt_too_long", field="negative prompt", length=3000, limit=2000, model="SDXL 1.0")
    lacking = make_problem("permissions_missing", permissions="attach_files, embed_links")
    english, french = load_messages("en"), load_messages("fr")

    assert "“guidance” is 40." in english.format_problem(wrong)
    assert "«\u00a0guidage\u00a0» vaut 40." in french.format_problem(wrong)
    assert "choose the mode Image strength" in english.format_problem(conflict)
    assert "«\u00a0Programme des étapes\u00a0»" in french.format_problem(conflict)
    assert "31.5 MiB" in english.format_problem(large)
    assert "31,5 Mio. La limite ici est de 10 Mio." in french.format_problem(large)
    assert "prompt négatif" in french.format_problem(long)
    assert "Attach Files, Embed Links" in english.format_problem(lacking)
    assert "Joindre des fichiers, Intégrer des liens" in french.format_problem(lacking)


@given(st.text(max_size=60), st.sampled_from(list_languages()))
def test_whatever_a_person_wrote_comes_back_as_it_is(text: str, language: str) -> None:
    said = load_messages(language).format_problem(make_problem("weight_not_a_number", value=text))

    assert text in said


def test_french_keeps_its_punctuation_together() -> None:
    for key, sentence in list_leaves(read_messages("fr")):
        assert not re.search(r"« | »| [:;!?](?:\s|$)", sentence), key
