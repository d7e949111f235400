"""Application commands: how they are validated and stored."""

from typing import Any

import pytest

from tests.support.discord_standin import DiscordStandIn, drain_events, list_error_codes

STRING = {"type": 3, "name": "prompt", "description": "Words."}


def make_command(*options: dict[str, Any]) -> dict[str, Any]:
    return {"options": list(options)}


FAULTY_COMMANDS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"name": "Imagine"}, ("name", "APPLICATION_COMMAND_INVALID_NAME")),
    ({"name": "two words"}, ("name", "APPLICATION_COMMAND_INVALID_NAME")),
    ({"name": "n" * 33}, ("name", "BASE_TYPE_BAD_LENGTH")),
    ({"description": ""}, ("description", "BASE_TYPE_REQUIRED")),
    ({"description": "d" * 101}, ("description", "BASE_TYPE_BAD_LENGTH")),
    ({"type": 4}, ("type", "BASE_TYPE_CHOICES")),
    ({"name_localizations": {"xx": "go"}}, ("name_localizations", "LOCALE_INVALID")),
    ({"name_localizations": {"fr": "Aller"}}, ("name_localizations.fr", "APPLICATION_COMMAND_INVALID_NAME")),
    ({"description_localizations": {"fr": "d" * 101}}, ("description_localizations.fr", "BASE_TYPE_BAD_LENGTH")),
    (make_command(*[{**STRING, "name": f"o{n}"} for n in range(26)]), ("options", "BASE_TYPE_MAX_LENGTH")),
    (make_command(STRING, STRING), ("options.1.name", "APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE")),
    (
        make_command(STRING, {**STRING, "name": "b", "required": True}),
        ("options.1", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
    ),
    (make_command({**STRING, "type": 12}), ("options.0.type", "BASE_TYPE_CHOICES")),
    (
        make_command({**STRING, "choices": [{"name": f"{n}", "value": "v"} for n in range(26)]}),
        ("options.0.choices", "BASE_TYPE_MAX_LENGTH"),
    ),
    (
        make_command({**STRING, "choices": [{"name": "a", "value": "v" * 101}]}),
        ("options.0.choices.0.value", "BASE_TYPE_BAD_LENGTH"),
    ),
    (
        make_command({**STRING, "type": 4, "choices": [{"name": "a", "value": "1"}]}),
        ("options.0.choices.0.value", "NUMBER_TYPE_COERCE"),
    ),
    (
        make_command({**STRING, "choices": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}),
        ("options.0.choices.1.name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS"),
    ),
    (
        make_command({**STRING, "autocomplete": True, "choices": [{"name": "a", "value": "1"}]}),
        ("options.0.autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID"),
    ),
    (make_command({**STRING, "max_length": 6001}), ("options.0.max_length", "NUMBER_TYPE_MAX")),
    (make_command({**STRING, "min_value": 1}), ("options.0.min_value", "APPLICATION_COMMAND_OPTION_BOUND_INVALID")),
    (make_command({**STRING, "type": 4, "max_value": 2**53}), ("options.0.max_value", "NUMBER_TYPE_MAX")),
    (
        make_command({**STRING, "type": 4, "min_value": 5, "max_value": 4}),
        ("options.0.min_value", "APPLICATION_COMMAND_OPTION_BOUND_INVALID"),
    ),
    (
        make_command({"type": 1, "name": "sub", "description": "s"}, STRING),
        ("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
    ),
    ({"type": 3, "description": "none allowed"}, ("description", "APPLICATION_COMMAND_CONTEXT_MENU_FIELD")),
]


def commands_path(discord_standin: DiscordStandIn, *, guild: bool = True) -> str:
    scope = f"/guilds/{discord_standin.guild_id}" if guild else ""
    return f"/applications/{discord_standin.application_id}{scope}/commands"


@pytest.mark.parametrize(
    ("change", "expected"), FAULTY_COMMANDS, ids=[f"{place}-{code}" for _, (place, code) in FAULTY_COMMANDS]
)
async def test_an_invalid_command_is_rejected_with_path_and_code_of_the_error(
    discord_standin: DiscordStandIn, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    command = {"name": "go", "description": "Go.", **change}
    body = await discord_standin.call_rest_rejected(50035, "POST", commands_path(discord_standin), command)
    assert list_error_codes(body) == [expected]
    bulk = await discord_standin.call_rest_rejected(50035, "PUT", commands_path(discord_standin), [command])
    assert list_error_codes(bulk) == [(f"0.{expected[0]}", expected[1])]


async def test_a_command_over_8000_characters_counts_its_longest_language(discord_standin: DiscordStandIn) -> None:
    def command(words: str) -> dict[str, Any]:
        choices = [{"name": f"{n:03}" + "n" * 90, "value": f"{n:03}" + "v" * 90} for n in range(25)]
        option = {**STRING, "choices": choices, "description_localizations": {"fr": words}}
        return {
            "name": "go",
            "description": "Go.",
            "options": [{**option, "name": "one"}, {**STRING, "choices": choices[:17]}],
        }

    await discord_standin.call_rest_ok("POST", commands_path(discord_standin), command("w"))
    body = await discord_standin.call_rest_rejected(
        50035, "POST", commands_path(discord_standin), command("w" * 100) | {"description": "d" * 100}
    )
    assert list_error_codes(body) == [("", "APPLICATION_COMMAND_TOO_LARGE")]


async def test_a_command_keeps_its_id_and_its_version_while_it_stays_the_same(discord_standin: DiscordStandIn) -> None:
    go = {"name": "go", "description": "Go."}
    (first,) = await discord_standin.call_rest_ok("PUT", commands_path(discord_standin, guild=False), [go])
    (same,) = await discord_standin.call_rest_ok("PUT", commands_path(discord_standin, guild=False), [go])
    (changed,) = await discord_standin.call_rest_ok(
        "PUT", commands_path(discord_standin, guild=False), [{**go, "description": "Went."}]
    )
    assert same == first
    assert changed["id"] == first["id"]
    assert int(changed["version"]) > int(first["version"])
    assert (first["type"], first["contexts"], first["integration_types"], first["nsfw"]) == (1, [0, 1, 2], [0], False)


async def test_a_bulk_overwrite_replaces_every_type(discord_standin: DiscordStandIn) -> None:
    await discord_standin.register_command(name="Use", type=3, description="")
    await discord_standin.call_rest_ok("PUT", commands_path(discord_standin), [{"name": "go", "description": "Go."}])
    assert [c["name"] for c in await discord_standin.call_rest_ok("GET", commands_path(discord_standin))] == ["go"]


async def test_two_commands_of_one_name_are_refused_and_of_two_types_taken(discord_standin: DiscordStandIn) -> None:
    go = {"name": "go", "description": "Go."}
    body = await discord_standin.call_rest_rejected(50035, "PUT", commands_path(discord_standin), [go, go])
    assert list_error_codes(body) == [("1.name", "APPLICATION_COMMANDS_DUPLICATE_NAME")]
    assert (
        len(await discord_standin.call_rest_ok("PUT", commands_path(discord_standin), [go, {"name": "go", "type": 3}]))
        == 2
    )


async def test_localisations_are_listed_only_on_request(discord_standin: DiscordStandIn) -> None:
    await discord_standin.register_command(
        name_localizations={"fr": "aller"}, options=[{**STRING, "name_localizations": {"fr": "mots"}}]
    )
    (short,) = await discord_standin.call_rest_ok("GET", commands_path(discord_standin))
    (full,) = await discord_standin.call_rest_ok("GET", commands_path(discord_standin) + "?with_localizations=true")
    assert "name_localizations" not in short
    assert "name_localizations" not in short["options"][0]
    assert (full["name_localizations"], full["options"][0]["name_localizations"]) == ({"fr": "aller"}, {"fr": "mots"})


async def test_the_hundred_and_first_command_is_refused(discord_standin: DiscordStandIn) -> None:
    many = [{"name": f"c{n}", "description": "d"} for n in range(101)]
    await discord_standin.call_rest_rejected(30032, "PUT", commands_path(discord_standin), many)
    await discord_standin.call_rest_ok("PUT", commands_path(discord_standin), many[:100])
    await discord_standin.call_rest_rejected(30032, "POST", commands_path(discord_standin), many[100])


async def test_the_201st_creation_of_a_day_is_refused_and_an_overwrite_is_not(discord_standin: DiscordStandIn) -> None:
    first = [{"name": f"a{n}", "description": "d"} for n in range(100)]
    await discord_standin.call_rest_ok("PUT", commands_path(discord_standin), first)
    await discord_standin.call_rest_ok(
        "PUT", commands_path(discord_standin), [{"name": f"b{n}", "description": "d"} for n in range(100)]
    )
    refusal = await discord_standin.call_rest_rejected(30034, "PUT", commands_path(discord_standin), first[:1])
    assert refusal["status"] == 400
    await discord_standin.call_rest_ok(
        "PUT", commands_path(discord_standin), [{"name": "b1", "description": "changed"}]
    )


async def test_a_command_is_read_changed_and_deleted_by_its_id(discord_standin: DiscordStandIn) -> None:
    made = await discord_standin.register_command()
    one = f"{commands_path(discord_standin)}/{made['id']}"
    assert await discord_standin.call_rest_ok("GET", one) == made
    assert (await discord_standin.call_rest_ok("PATCH", one, {"description": "New."}))["description"] == "New."
    await discord_standin.call_rest_ok("DELETE", one)
    await discord_standin.call_rest_rejected(10063, "GET", one)


async def test_another_application_and_an_unknown_guild_are_rejected(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_rest_rejected(20012, "GET", "/applications/1/commands")
    await discord_standin.call_rest_rejected(
        50001, "GET", f"/applications/{discord_standin.application_id}/guilds/1/commands"
    )


async def test_the_page_receives_changed_commands_in_full(discord_standin: DiscordStandIn) -> None:
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)
    await discord_standin.register_command(name_localizations={"fr": "aller"})
    (event,) = drain_events(queue)
    assert event["t"] == "APPLICATION_COMMANDS_UPDATE"
    assert event["d"]["commands"][discord_standin.guild_id][0]["name_localizations"] == {"fr": "aller"}
