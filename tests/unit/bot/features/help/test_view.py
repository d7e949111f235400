"""Help is true: it fits Discord, its examples are accepted by the default model, its commands and options exist."""

import re

import pytest

from bot.features.help.view import EXAMPLES, OperatorFacts, build_about_view, build_help_view, format_greeting
from shared.catalogue import load_catalogue
from shared.i18n.messages import Messages, list_languages, load_messages
from shared.request.builder import build_request
from shared.request.model import OPTION_NAMES
from tests.support.views import assert_fits_discord, join_texts

CATALOGUE = load_catalogue()
GREETINGS = ("guild", "mention", "direct_message")


def list_command_names(messages: Messages) -> set[str]:
    commands = messages._sections["command"]
    return {command["name"] for command in commands.values() if "description" in command}


@pytest.mark.parametrize("language", list_languages())
def test_the_views_fit_discord_and_name_prices(language: str) -> None:
    messages = load_messages(language)
    about = build_about_view(CATALOGUE, messages, OperatorFacts("https://a.example/p", "", 365, 1))

    assert_fits_discord(build_help_view(CATALOGUE, messages))
    assert_fits_discord(about)
    text = join_texts(about)
    assert all(f"{model.name}" in text for model in (*CATALOGUE.generation_models, *CATALOGUE.upscale_models))
    assert "(https://a.example/p)" in text
    assert "None" not in text
    assert messages.text("about.records_days", count=365) in text
    assert messages.text("about.prompts_days", count=1) in text
    assert messages.text("about.records_days", count=1) not in join_texts(
        build_about_view(CATALOGUE, messages, OperatorFacts())
    )
    assert all(len(format_greeting(key, CATALOGUE, messages)) <= 2000 for key in GREETINGS)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_default_model_accepts_every_example(language: str, name: str) -> None:
    prompt = load_messages(language).text(f"help.examples.{name}")

    built = build_request(CATALOGUE, has_picture=False, prompt=prompt)

    assert built.request.model == CATALOGUE.default
    assert built.notes == ()


@pytest.mark.parametrize("language", list_languages())
def test_every_option_that_is_named_is_called_so_in_that_language(language: str) -> None:
    messages = load_messages(language)
    text = join_texts(build_help_view(CATALOGUE, messages))
    options = {messages.text(f"option.{name}.name") for name in ("prompt", "count", "aspect_ratio", "variation")}

    assert set(re.findall(r"`(?:/\S+ )?([\w-]+): ", text)) == options


@pytest.mark.parametrize("language", list_languages())
def test_every_command_that_is_named_exists_in_that_language(language: str) -> None:
    messages = load_messages(language)
    texts = [
        join_texts(build_help_view(CATALOGUE, messages)),
        join_texts(build_about_view(CATALOGUE, messages, OperatorFacts())),
        *(format_greeting(key, CATALOGUE, messages) for key in GREETINGS),
    ]

    named = set(re.findall(r"(?<![\w:/])/([\w-]+)", "\n".join(texts)))

    assert named <= list_command_names(messages)
    assert named


@pytest.mark.parametrize("language", list_languages())
def test_every_option_that_is_named_is_an_option_of_imagine_or_explore(language: str) -> None:
    messages = load_messages(language)
    options = {messages.get_option_name(field) for field in ("prompt", *OPTION_NAMES, "count", "variation")}
    written = join_texts(build_help_view(CATALOGUE, messages))

    named = set(re.findall(r"`(?:/[\w-]+ )?(\w+): ", written))

    assert len(named) >= 4
    assert named <= options
    (count,) = re.findall(r"[“«]\s?(\w+)\s?[”»]\.$", messages.text("problem.parameter_count", parameter="--n 4"))
    assert count == messages.get_option_name("count")
