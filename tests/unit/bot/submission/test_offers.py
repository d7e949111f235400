"""Everything that is offered works: every choice and every number, and every example that the bot or its pages give."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.guild_settings import GuildSettings
from bot.features.help.view import EXAMPLES
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue, Model, load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.model import PICTURE_OPTIONS, SCHEDULE_OPTIONS, BuiltRequest
from tests.support.catalogues import SDXL_OFFERED
from tests.unit.bot.submission.test_command_options import list_options

ROOT = Path(__file__).parents[4]
CATALOGUE = load_catalogue()
FIELD_BY_OPTION = {
    load_messages("en").get_option_name(field): field
    for field in (*CATALOGUE.models["sdxl"].fields, "fit", "output_format", "negative")
}
FREE_OPTIONS = {"prompt", "negative", "image", "from", "preset", "model", "spoiler", "count", "extras"}


def list_values(option: dict[str, Any]) -> list[Any]:
    """List what a person may choose for an option: its choices, or the ends of its range."""
    bounds = [option[name] for name in ("min_value", "max_value") if name in option]
    return [choice["value"] for choice in option.get("choices", [])] or bounds


def is_accepted(catalogue: Catalogue, model: Model, field: str, value: Any) -> bool:
    """Tell whether a model takes a value of an option, with a picture or without."""
    options: dict[str, Any] = {"model": model.key, field: value}
    if field in SCHEDULE_OPTIONS:
        options["init_image_mode"] = "STEP_SCHEDULE"
        options |= {"step_schedule_end": 0} if field == "step_schedule_start" else {"step_schedule_start": 1}
    for has_picture in (True, False):
        try:
            build_request(catalogue, prompt="a castle", has_picture=has_picture, **options)
        except RejectedError:
            continue
        return True
    return False


@pytest.mark.parametrize("command", ["imagine", "explore"])
async def test_the_default_model_takes_everything_that_can_be_chosen(command: str) -> None:
    options = await list_options(CATALOGUE, command)
    settings = [name for name in options if name not in {*FREE_OPTIONS, "vary", "values"}]

    refused = [
        (name, value)
        for name in settings
        for value in list_values(options[name])
        if not is_accepted(CATALOGUE, CATALOGUE.default_model, FIELD_BY_OPTION[name], value)
    ]

    assert {"keep", "style", "seed", "fit"} <= set(settings)
    assert all(list_values(options[name]) for name in settings)
    assert refused == []


async def test_sdxl_takes_everything_that_its_command_offers() -> None:
    catalogue = load_catalogue(SDXL_OFFERED)
    options = await list_options(catalogue, "sdxl")

    offered = [
        (field, value)
        for name, option in options.items()
        if (field := FIELD_BY_OPTION.get(name)) and name not in FREE_OPTIONS
        for value in list_values(option)
    ]

    # a schedule that starts at 0 has nothing below it to end at, and one that ends at 1 nothing above
    impossible = {("step_schedule_start", 0), ("step_schedule_end", 1)}
    refused = [(f, v) for f, v in offered if not is_accepted(catalogue, catalogue.models["sdxl"], f, v)]
    assert len(offered) > 60
    assert set(refused) == impossible


def test_no_option_for_pictures_is_missing_from_the_default_model() -> None:
    readers = {field for field in PICTURE_OPTIONS if field in CATALOGUE.default_model.fields}

    assert readers == {"keep"}
    assert CATALOGUE.default_model.is_offered(datetime.now(UTC).date())


def list_examples() -> Iterator[tuple[str, str]]:
    """List the examples of prompts in the bot's texts and in the pages for members, with where they are."""
    for language in list_languages():
        messages = load_messages(language)
        for name in EXAMPLES:
            yield f"{language}: /help {name}", messages.text(f"help.examples.{name}")
        hint = messages.text("option.prompt.description")
        yield f"{language}: hint", re.split(r":\s", hint.replace("\u00a0:", ":"), maxsplit=1)[1]
    for page in (ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))):
        text = page.read_text()
        for block in re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                if "::" in line or line.startswith("/imagine prompt:"):
                    yield page.name, line.removeprefix("/imagine prompt:")
    yield "README.md", "castle in fog | crowds::-1"


@pytest.mark.parametrize(("place", "prompt"), list(list_examples()))
def test_each_example_runs_on_the_default_model(place: str, prompt: str) -> None:
    validator = RequestValidator(CATALOGUE, ("cdn.discordapp.com",), 1000)

    def build(options: Any, **more: Any) -> BuiltRequest:
        return build_request(CATALOGUE, has_picture=False, **options, **more)

    built = validator.build_foreign_request(partial(build), {"prompt": prompt})

    assert built.request.model == CATALOGUE.default, place


@pytest.mark.parametrize("has_picture", [True, False])
@pytest.mark.parametrize(
    "model", [model for model in CATALOGUE if model.task != "generate"], ids=lambda model: model.key
)
def test_a_model_that_makes_no_pictures_is_refused_by_name_with_the_command_that_has_it(
    model: Model, has_picture: bool
) -> None:
    """Typed by hand, by its name or key, as no list shows it. As a preset or a preference it is passed over."""
    validator = RequestValidator(CATALOGUE, (), 1000)
    build = partial(validator.build_offered_request, GuildSettings(), has_picture=has_picture)
    ways = {"edit": ("/edit", "/modifier"), "upscale": ("Press Upscale below", "Appuie sur Agrandir sous")}[model.task]

    for name in (model.key, model.name.upper()):
        with pytest.raises(RejectedError) as rejection:
            build((), {"prompt": "a castle", "model": name})
        (problem,) = rejection.value.problems
        for language, way in zip(("en", "fr"), ways, strict=True):
            told = load_messages(language).format_problem(problem)
            assert way in told
            assert CATALOGUE.default_model.name in told
    passed_over = build(({"model": model.key},), {"prompt": "a castle"}).request
    assert passed_over.model in {offered.key for offered in CATALOGUE.generation_models}
