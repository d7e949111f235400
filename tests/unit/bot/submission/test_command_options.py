"""The options of `/imagine` and `/explore` follow from the catalogue and keep Discord's limits in every language."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import app_commands

from bot.domain.exploration import Variation
from bot.features.explore.command import EXPLORE_OPTIONS
from bot.features.explore.feature import build_explore_feature
from bot.features.imagine.command import IMAGINE_OPTIONS
from bot.features.imagine.feature import build_imagine_feature
from bot.submission.option_parser import OptionParser
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceOption
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import DEFAULT_LANGUAGE, list_languages, load_messages
from shared.request.model import OPTION_NAMES, Fit
from tests.support.catalogues import SDXL_IN_IMAGINE, SDXL_OFFERED
from tests.support.commands import UNUSED, build_payloads, localize

TODAY = date(2026, 11, 22)
STRING, INTEGER, NUMBER, ATTACHMENT = 3, 4, 10, 11


def build_commands(
    catalogue: Catalogue, name: str = "imagine", extras_allowed_users: Collection[int] = (7,)
) -> Sequence[Any]:
    parser = OptionParser(
        UNUSED, SourceOption(UNUSED, UNUSED, UNUSED), PresetOption(UNUSED), extras_allowed_users=extras_allowed_users
    )
    if name != "explore":
        feature = build_imagine_feature(parser, UNUSED, UNUSED, UNUSED, catalogue)
        return [command for command in feature.commands if command.name == name]
    confirmation: Any = SimpleNamespace(explorations=UNUSED, start_exploration=UNUSED, discard_plan=UNUSED)
    return build_explore_feature(parser, confirmation, UNUSED, UNUSED, catalogue, lambda: TODAY).commands


async def build_payload(catalogue: Catalogue, name: str = "imagine") -> dict[str, Any]:
    (payload,) = await build_payloads(build_commands(catalogue, name))
    return payload


async def list_options(catalogue: Catalogue, name: str = "imagine") -> dict[str, dict[str, Any]]:
    return {option["name"]: option for option in (await build_payload(catalogue, name))["options"]}


async def complete_model(catalogue: Catalogue, typed: str, locale: discord.Locale) -> list[tuple[str, str]]:
    """Complete the option `model` of /imagine; return labels and values."""
    (command,) = build_commands(catalogue)
    interaction = SimpleNamespace(locale=locale, extras={})
    choices = await cast("Any", command)._params["model"].autocomplete(interaction, typed)
    return [(choice.name, choice.value) for choice in choices]


def list_texts(entry: dict[str, Any], language: str) -> Iterator[str]:
    for part in ("name", "description"):
        if part in entry:
            yield localize(entry, part, language)
    if "value" in entry:
        yield str(entry["value"])
    for child in (*entry.get("options", ()), *entry.get("choices", ())):
        yield from list_texts(child, language)


def test_every_field_of_a_request_is_an_option_unless_only_edits_have_it() -> None:
    others = {name for model in load_catalogue() for name in model.fields if model.task != "edit"}
    edit_options = {name for model in load_catalogue().edit_models for name in model.fields} - others
    assert set(IMAGINE_OPTIONS) == {
        "prompt",
        "count",
        "negative",
        "image",
        "source",
        "spoiler",
        "preset",
        "model",
        *(name for name in OPTION_NAMES if name not in edit_options),
    }


async def test_an_exploration_has_two_to_nine_variants_and_one_of_four_variations(catalogue: Catalogue) -> None:
    over, prompt, *_ = (await build_payload(catalogue, "explore"))["options"]
    count = next(
        option for option in (await build_payload(catalogue, "explore"))["options"] if option["name"] == "count"
    )

    assert [choice["value"] for choice in over["choices"]] == list(Variation)
    assert (over["required"], prompt["required"], count["required"]) == (True, True, False)
    assert (count["min_value"], count["max_value"]) == (2, 9)


@pytest.mark.parametrize("command", ["imagine", "explore"])
@pytest.mark.parametrize("language", list_languages())
async def test_the_command_keeps_discords_limits(catalogue: Catalogue, language: str, command: str) -> None:
    payload = await build_payload(catalogue, command)
    required = ["vary", "prompt"] if command == "explore" else ["prompt"]
    names = [localize(option, "name", language) for option in payload["options"]]

    assert len(names) == len(set(names)) == (len(EXPLORE_OPTIONS) if command == "explore" else 23)  # of 25
    for name in (localize(payload, "name", language), *names):
        assert re.fullmatch(r"[-_'\w]{1,32}", name)
        assert name == name.lower()
    for entry in (payload, *payload["options"]):
        assert 1 <= len(localize(entry, "description", language)) <= 100
    for option in payload["options"]:
        choices = option.get("choices", [])
        labels = [localize(choice, "name", language) for choice in choices]
        assert len(labels) == len(set(labels)) <= 25
        assert all(1 <= len(label) <= 100 for label in labels)
        assert all(len(choice["value"]) <= 100 for choice in choices)
    assert sum(map(len, list_texts(payload, language))) <= 8000
    assert [option["name"] for option in payload["options"] if option["required"]] == required
    assert [option["required"] for option in payload["options"]][: len(required)] == [True] * len(required)


async def test_the_command_is_available_in_servers_only(catalogue: Catalogue) -> None:
    payload = await build_payload(catalogue)

    assert (payload["contexts"], payload["integration_types"]) == ([0, 1], [0])


@pytest.mark.parametrize("field", OPTION_NAMES)
async def test_ranges_and_choices_are_the_union_of_the_models(catalogue: Catalogue, field: str) -> None:
    offered = await list_options(catalogue)
    specs = [model.fields[field] for model in catalogue.models_with_field(field)]
    if field != "fit" and not specs:
        assert field not in offered, "only upscalers read it"
        return
    option = offered[load_messages(DEFAULT_LANGUAGE).get_option_name(field)]

    values = [choice["value"] for choice in option.get("choices", [])]
    if field == "fit":
        assert values == list(Fit)
    elif field == "extras":
        assert (option["type"], option["max_length"]) == (STRING, 2000)
    elif specs[0].choices:
        assert option["type"] == STRING
        assert values == list(dict.fromkeys(value for spec in specs for value in spec.choices))
    else:
        assert option["type"] == (INTEGER if field in {"seed", "steps", "samples"} else NUMBER)
        assert option["min_value"] == min(cast("float", spec.minimum) for spec in specs)
        assert option["max_value"] == max(cast("float", spec.maximum) for spec in specs)


async def test_models_are_labelled_with_default_and_retired(catalogue: Catalogue) -> None:
    assert await complete_model(catalogue, "", discord.Locale.american_english) == [
        ("SD 3.5 Large (default) · $0.08", "sd3.5-large"),
        ("SDXL 1.0 (retired) · $0.04", "sdxl"),
        ("Stable Image Core · $0.04", "stable-image-core"),
        ("Stable Image Ultra · $0.14", "stable-image-ultra"),
    ]
    assert await complete_model(catalogue, "xl", discord.Locale.french) == [("SDXL 1.0 (retiré) · 0,04\u00a0$", "sdxl")]


async def test_a_model_that_aws_refuses_to_run_is_marked_and_another_one_is_the_default() -> None:
    catalogue = load_catalogue()

    catalogue.set_withdrawn(["sd3.5-large"])

    assert await complete_model(catalogue, "", discord.Locale.american_english) == [
        ("SD 3.5 Large (not available right now) · $0.08", "sd3.5-large"),
        ("Stable Image Core (default) · $0.04", "stable-image-core"),
        ("Stable Image Ultra · $0.14", "stable-image-ultra"),
    ]


async def test_a_model_whose_life_ends_while_the_bot_runs_is_no_longer_offered() -> None:
    catalogue = load_catalogue('[models."stable-image-core"]\nend_of_life = 2026-12-01')

    catalogue.set_clock(lambda: date(2026, 11, 30))
    before = await complete_model(catalogue, "core", discord.Locale.american_english)
    catalogue.set_clock(lambda: date(2026, 12, 1))
    after = await complete_model(catalogue, "core", discord.Locale.american_english)

    assert (before, after) == ([("Stable Image Core · $0.04", "stable-image-core")], [])


async def test_an_option_that_no_offered_model_reads_is_left_out() -> None:
    without_pictures = load_catalogue('[models."sd3.5-large"]\npicture = "none"')

    assert set(await list_options(load_catalogue())) == {
        *("prompt", "preset", "model", "negative", "seed", "aspect", "format", "style", "spoiler", "count"),
        *("image", "from", "keep", "fit"),
    }
    assert set(await list_options(without_pictures)) == {
        *("prompt", "preset", "model", "negative", "seed", "aspect", "format", "style", "spoiler", "count")
    }


async def test_sdxl_has_a_command_with_all_of_its_fields_if_it_is_offered() -> None:
    offered = load_catalogue(SDXL_OFFERED)
    get_name = load_messages(DEFAULT_LANGUAGE).get_option_name

    options = await list_options(offered, "sdxl")
    (without_extras,) = build_commands(offered, "sdxl", extras_allowed_users=())

    assert build_commands(load_catalogue(), "sdxl") == []
    fields = set(offered.models["sdxl"].fields)
    assert set(options) == {
        *map(get_name, fields),
        *("negative", "image", "from", "preset", "fit", "spoiler", "count"),
    }
    assert "extras" not in without_extras._params, "nobody may use it"
    assert (options["schedule_start"]["min_value"], options["schedule_start"]["max_value"]) == (0, 1)
    assert len(options["sampler"]["choices"]) == 10
    assert set(await list_options(offered)) == set(await list_options(load_catalogue())), "/imagine is as without it"


async def test_more_than_twenty_five_choices_are_offered_by_autocompletion() -> None:
    styles = [f"style-{number}" for number in range(30)] + ["anime"]
    many = load_catalogue(f"{SDXL_IN_IMAGINE}[models.sdxl.fields.style_preset]\nchoices = {styles}")
    (command,) = build_commands(many)

    option = next(option for option in (await list_options(many)).values() if option["name"] == "style")
    autocomplete = cast("Any", command._params["style_preset"].autocomplete)
    interaction = SimpleNamespace(locale=discord.Locale.french, extras={})
    found: list[app_commands.Choice[str]] = await autocomplete(interaction, "STYLE-2")
    all_choices: list[app_commands.Choice[str]] = await autocomplete(interaction, "")

    assert (option["autocomplete"], option.get("choices")) == (True, None)
    assert [choice.value for choice in found] == ["style-2", *(f"style-2{n}" for n in range(10))]
    assert len(all_choices) == 25


async def test_only_languages_other_than_english_are_sent(catalogue: Catalogue) -> None:
    payload = await build_payload(catalogue)

    assert set(payload["description_localizations"]) == set(list_languages()) - {DEFAULT_LANGUAGE}
    assert payload["options"][IMAGINE_OPTIONS.index("steps")]["name_localizations"] == {"fr": "étapes"}
