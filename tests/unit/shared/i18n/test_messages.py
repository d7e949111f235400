"""Every language says everything, and says it within Discord's limits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.i18n.messages import DEFAULT_LANGUAGE, describe_problem, list_languages, load_messages
from shared.notes import NOTE_CODES, make_note
from shared.problems import ACTORS, Problem, make_problem
from shared.request.model import OPTION_NAMES
from tests.support.messages import find_placeholders, list_problem_facts, list_sentences, read_messages

OTHER_LANGUAGES = [language for language in list_languages() if language != DEFAULT_LANGUAGE]
REAL_FACTS = {"field": "steps", "choices": "a, b", "permissions": "attach_files, embed_links"}


def collect_placeholders(language: str) -> dict[str, set[tuple[str, str]]]:
    """Collect the placeholders of every sentence, of both forms together if it has a plural."""
    found: dict[str, set[tuple[str, str]]] = {}
    for key, sentence in list_sentences(read_messages(language)):
        if not key.startswith("language."):
            found.setdefault(key, set()).update(find_placeholders(sentence))
    return found


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_language_has_the_same_sentences_with_the_same_placeholders(language: str) -> None:
    assert collect_placeholders(language) == collect_placeholders(DEFAULT_LANGUAGE)


@pytest.mark.parametrize("language", list_languages())
def test_every_problem_has_a_sentence_and_every_sentence_a_problem(language: str) -> None:
    assert set(read_messages(language)["problem"]) == set(ACTORS)


@pytest.mark.parametrize("language", list_languages())
def test_no_sentence_of_a_problem_has_markdown_which_is_escaped(language: str) -> None:
    sentences = list_sentences(read_messages(language)["problem"])

    assert [key for key, sentence in sentences if re.search(r"`|\*[^*”»]+\*", sentence)] == []


@pytest.mark.parametrize("language", list_languages())
def test_every_note_has_a_sentence_and_every_sentence_a_note(language: str) -> None:
    assert set(read_messages(language)["notes"]) == set(NOTE_CODES)


def test_a_note_of_another_release_is_left_out() -> None:
    known = make_note("weights_left_out", model="SD 3.5 Large")

    for notes in ([make_note("unheard_of"), known], [make_note("weights_left_out"), known]):
        [sentence] = load_messages("en").format_notes(notes)
        assert sentence.startswith("SD 3.5 Large can't weigh words")


@pytest.mark.parametrize("language", list_languages())
def test_a_problem_is_three_beats_or_more(language: str) -> None:
    messages = load_messages(language)
    for code, names in list_problem_facts().items():
        facts = {name: REAL_FACTS.get(name, 2) for name in names}
        if code == "prompt_too_long":
            facts["field"] = "prompt"
        said = messages.format_problem(Problem(code=code, facts=facts))
        assert len(re.findall(r"[.:?!»”)](?:\s|$)", said)) >= 2, said


@pytest.mark.parametrize("language", list_languages())
def test_every_option_of_a_request_has_a_name_that_discord_takes(language: str) -> None:
    messages = load_messages(language)
    fields = {"prompt", "negative", "image", "model", *OPTION_NAMES}

    names = [messages.get_option_name(field) for field in fields]

    assert len(set(names)) == len(fields)
    for name in names:
        assert re.fullmatch(r"[-_'\w]{1,32}", name)
        assert name == name.lower()
    for field in fields:
        assert 1 <= len(messages.text(f"option.{field}.description")) <= 100


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
        ("en", 0, "0 things to fix:"),
        ("en", 1, "1 thing to fix:"),
        ("en", 2, "2 things to fix:"),
        ("fr", 0, "0 chose à corriger\u00a0:"),
        ("fr", 1, "1 chose à corriger\u00a0:"),
        ("fr", 2, "2 choses à corriger\u00a0:"),
    ],
)
def test_counts_choose_their_plural_as_the_language_does(locale: str, count: int, said: str) -> None:
    assert load_messages(locale).text("errors.several", count=count) == said


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

    assert "“guidance” can't be 40 with SDXL 1.0." in english.format_problem(wrong)
    assert "«\u00a0guidage\u00a0» ne peut pas valoir 40 avec SDXL 1.0." in french.format_problem(wrong)
    assert "choose the mode Image strength" in english.format_problem(conflict)
    assert "«\u00a0Programme des étapes\u00a0»" in french.format_problem(conflict)
    assert "31.5 MB" in english.format_problem(large)
    assert "31,5 Mo, et la limite ici est de 10 Mo." in french.format_problem(large)
    assert "prompt négatif" in french.format_problem(long)
    assert "Attach Files, Embed Links" in english.format_problem(lacking)
    assert "Joindre des fichiers, Intégrer des liens" in french.format_problem(lacking)


@given(st.text(max_size=60), st.sampled_from(list_languages()))
def test_whatever_a_person_wrote_comes_back_as_it_is(text: str, language: str) -> None:
    said = load_messages(language).format_problem(make_problem("weight_not_a_number", value=text, text="fog"))

    assert text in said


def test_numbers_have_the_decimal_mark_of_the_language() -> None:
    wrong = make_problem("out_of_range", field="creativity", value="0.7", model="Core", minimum="0.1", maximum="0.5")

    assert "can't be 0.7 with Core. Choose a number from 0.1 to 0.5." in load_messages("en").format_problem(wrong)
    assert "valoir 0,7 avec Core. Choisis un nombre entre 0,1 et 0,5." in load_messages("fr").format_problem(wrong)


def test_choices_are_shown_as_their_option_shows_them() -> None:
    wrong = make_problem("not_a_choice", field="fit", value="x", model="SDXL 1.0", choices="crop, pad, unheard-of")

    assert "one of these: Crop to fit, Add a border, unheard-of." in load_messages("en").format_problem(wrong)
    assert "dans cette liste\u00a0: Recadrer, Ajouter une bordure, unheard-of." in load_messages("fr").format_problem(
        wrong
    )


def test_the_terminal_reads_english_with_the_names_of_the_requests_fields() -> None:
    wrong = make_problem("not_a_choice", field="style_preset", value="x", model="SDXL 1.0", choices="anime, 3d-model")

    assert describe_problem(wrong).startswith(
        "“style_preset” can't be “x” with SDXL 1.0. Choose one of these: anime, 3d-model."
    )


def test_a_fact_is_never_read_as_a_placeholder() -> None:
    said = load_messages("en").format_problem(make_problem("preset_unknown", name="{name} {0} {x.__class__}"))

    assert "“{name} {0} {x.__class__}”" in said


@pytest.mark.parametrize("language", list_languages())
def test_nothing_makes_a_member_fear_for_their_own_card(language: str) -> None:
    for key, sentence in list_sentences(read_messages(language)):
        assert not re.search(r"charged|you pay|factur|tu paies", sentence), key


def test_french_keeps_its_punctuation_together() -> None:
    for key, sentence in list_sentences(read_messages("fr")):
        assert not re.search(r"« | »| [:;!?](?:\s|$)", sentence), key
