"""Forged buttons on the whole stack: they are rejected, generate nothing and delete nothing.

Discord accepts only custom ids that the message contains, so each test posts a message with the forged id.
"""

import itertools
import json
import re
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from demo.first_picture import iter_message_texts, wait_until_ready
from demo.http_client import request_json
from demo.stack import BOT_TOKEN, Stack, run_stack
from tests.support.guild_settings import change_guild_settings
from tests.support.images import make_png
from tests.support.server import add_server, find_owner
from tests.support.server_panel import choose, find_undo, open_section
from tests.support.user import DiscordUser, list_custom_ids, list_media, wait_until

UNKNOWN_ID = "99999999999999999999"  # more than 64 bits
DESTRUCTIVE_ACTIONS = ("delete", "delete_confirm", "cancel", "queue_cancel")
ACTIONS = (
    "regenerate",
    "regenerate_same_seed",
    "edit",
    "use_as_source",
    "upscale",
    "details",
    "favourite",
    *DESTRUCTIVE_ACTIONS,
)
MANAGE_GUILD, VIEW_CHANNEL, MANAGE_MESSAGES, MODERATE_MEMBERS = 1 << 5, 1 << 10, 1 << 13, 1 << 40


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("forged"), discord_options=("--no-rate-limits",), bedrock_options=("--latency", "0.1")
    ) as opened:
        wait_until_ready(opened)
        yield opened
        assert "the command failed" not in opened.processes["bot"].log.read_text()


@pytest.fixture
def ada(stack: Stack) -> DiscordUser:
    return DiscordUser(stack)


@pytest.fixture
def ben(stack: Stack) -> DiscordUser:
    return DiscordUser(stack, "ben")


def call_api_as_bot(stack: Stack, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call Discord's API with the bot's token."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{stack.discord_url}/api/v10{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (x, 1)"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        returned: dict[str, Any] = json.loads(answer.read())
    return returned


def post_button(stack: Stack, channel: str, custom_id: str) -> dict[str, Any]:
    """Post a message as the bot with a button of this custom id."""
    button = {"type": 2, "style": 2, "label": "x", "custom_id": custom_id}
    message = {"content": "x", "components": [{"type": 1, "components": [button]}]}
    return call_api_as_bot(stack, "POST", f"/channels/{channel}/messages", message)


def press_forged_button(user: DiscordUser, channel: str, custom_id: str) -> str:
    """Press a forged button and return the private response."""
    message = post_button(user.stack, channel, custom_id)
    press = {"user": user.name, "message_id": message["id"], "custom_id": custom_id}
    return user.wait_for_private_text(user.post("/control/press", press)["interaction_id"])


def list_calls(stack: Stack) -> int:
    return len(request_json("GET", f"{stack.bedrock_url}/control/calls"))


def create_moderator(stack: Stack, name: str, permissions: int) -> DiscordUser:
    request_json("POST", f"{stack.discord_url}/control/users", {"name": name})
    role_settings = {"name": name, "permissions": str(permissions)}
    role = request_json("POST", f"{stack.discord_url}/control/roles", role_settings)["id"]
    state = request_json("GET", f"{stack.discord_url}/control/state")
    roles = [*(r["id"] for r in state["guilds"][0]["roles"]), role]
    request_json("PUT", f"{stack.discord_url}/control/members/{name}", {"roles": roles})
    return DiscordUser(stack, name)


def test_the_buttons_below_results_of_earlier_releases_work(stack: Stack, ada: DiscordUser) -> None:
    job = ada.submit_imagine("an old castle", image=None)
    answer = ada.wait_for_result(job)
    ada.wait_until_stored(job)

    told = [press_forged_button(ada, answer["channel_id"], f"{action}:{job}") for action in ("favourite", "delete")]
    varied = post_button(stack, answer["channel_id"], f"vary:{job}:subtle")
    press = {"user": ada.name, "message_id": varied["id"], "custom_id": f"vary:{job}:subtle"}

    assert told[0].startswith("★")
    assert told[1].startswith("Delete this picture for everyone?")
    assert ada.wait_for_result_in_place(ada.post("/control/press", press)["interaction_id"])


def test_only_the_author_and_moderators_can_delete_or_cancel(stack: Stack, ada: DiscordUser, ben: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    channel = answer["channel_id"]

    refusals = [press_forged_button(ben, channel, f"{action}:{job}") for action in DESTRUCTIVE_ACTIONS]

    assert all("Only the person who asked for this or a moderator" in text for text in refusals)
    assert answer["id"] in [message["id"] for message in ada.list_messages(channel)]
    mia = create_moderator(stack, "mia", MANAGE_MESSAGES)
    reasonless = open_forged_form(mia, channel, f"delete_confirm:{job}")
    assert "no reason" in mia.wait_for_private_text(mia.submit_modal(reasonless, reason="  "))
    assert answer["id"] in [message["id"] for message in ada.list_messages(channel)]
    mia.submit_modal(open_forged_form(mia, channel, f"delete:{job}"), reason="a test")
    wait_until(
        lambda: answer["id"] not in [m["id"] for m in ada.list_messages(channel)], "an answer that a moderator deleted"
    )


def test_members_neither_act_on_reports_nor_report_what_they_cannot_read(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    log = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "log"})["id"]
    hidden = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "unseen"})["id"]
    denied = {"user": "ben", "deny": str(VIEW_CHANNEL)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{hidden}", denied)
    change_guild_settings(stack, log_channel_id=int(log))
    jobs = [ada.submit_imagine("a secret castle", image=None, channel=channel) for channel in (log, hidden)]
    for job in jobs:
        ada.wait_for_result(job)
        ada.wait_until_stored(job)
    ben.submit_modal(open_forged_form(ben, log, f"report:{jobs[0]}"), reason="a test")
    report = f"{jobs[0]}:{next(u['id'] for u in ada.get('/control/state')['users'] if u['username'] == 'ben')}"
    tim = create_moderator(stack, "tim", MODERATE_MEMBERS)

    refusals = [
        press_forged_button(ben, log, f"report_{kind}:{report}:{action}")
        for kind in ("action", "reason")
        for action in ("delete", "block", "cancel", "dismiss")
    ]

    assert all(text.startswith("Only moderators") for text in refusals)
    assert "no reason" in press_forged_button(tim, log, f"report_reason:{report}:dismiss")
    assert "This report is gone" in press_forged_button(tim, log, f"report_action:{jobs[1]}:7:block")
    assert "changed" in press_forged_button(tim, log, f"report_action:{report}:ban")
    assert "I don't know this request, or it is no longer stored" in press_forged_button(ben, log, f"report:{jobs[1]}")
    assert ada.wait_for_result(jobs[0])
    change_guild_settings(stack, log_channel_id=None)


def test_a_member_turns_no_page_of_the_servers_budgets(stack: Stack, ben: DiscordUser) -> None:
    refusals = {press_forged_button(ben, stack.channel_id, f"budget_page:{page}") for page in (0, 9999)}

    (refusal,) = refusals
    assert refusal.startswith("Only members who may manage this server")


def test_an_id_of_no_job_is_rejected(stack: Stack, ada: DiscordUser) -> None:
    before = list_calls(stack)

    for action, job in itertools.product(ACTIONS, (UNKNOWN_ID, "0", "1-99")):
        assert "I don't know this request, or it is no longer stored" in press_forged_button(
            ada, stack.channel_id, f"{action}:{job}"
        ), action
    assert "changed" in press_forged_button(ada, stack.channel_id, f"nonsense:{UNKNOWN_ID}")
    assert list_calls(stack) == before


def test_values_that_no_button_carries_are_rejected(stack: Stack, ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    before = list_calls(stack)

    assert "changed" in press_forged_button(ada, stack.channel_id, f"vary:{job}:nonsense")
    assert "There's no model called “nonsense”" in press_forged_button(
        ada, stack.channel_id, f"regenerate_with:{job}:nonsense"
    )
    assert "needs a picture to start from." in press_forged_button(
        ada, stack.channel_id, f"regenerate_with:{job}:fast-upscale"
    )
    assert "can't be upscaled" in press_forged_button(ada, stack.channel_id, f"upscale_with:{job}:sdxl")
    assert list_calls(stack) == before


def test_a_job_of_another_server_is_unknown(stack: Stack, ada: DiscordUser) -> None:
    elsewhere = request_json("POST", f"{stack.discord_url}/control/guilds", {"name": "Elsewhere"})
    answer = ada.wait_for_result(
        ada.submit_imagine("a secret castle", image=None, channel=elsewhere["channels"][0]["id"])
    )
    job = list_custom_ids(answer)[0].split(":")[1]

    for action in ACTIONS:
        text = press_forged_button(ada, stack.channel_id, f"{action}:{job}")
        assert "I don't know this request, or it is no longer stored" in text
        assert "secret" not in text


def open_forged_form(user: DiscordUser, channel: str, custom_id: str) -> str:
    """Press a forged button that opens a form, and return the interaction that opened it."""
    message = post_button(user.stack, channel, custom_id)
    opened = user.post("/control/press", {"user": user.name, "message_id": message["id"], "custom_id": custom_id})
    user.read_modal_fields(opened["interaction_id"])
    return str(opened["interaction_id"])


def test_a_job_of_a_channel_that_the_user_cannot_read_is_unknown(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    hidden = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "hidden"})["id"]
    answer = ada.wait_for_result(ada.submit_imagine("a secret castle", image=None, channel=hidden))
    job = list_custom_ids(answer)[0].split(":")[1]
    forms = [open_forged_form(ben, stack.channel_id, f"{action}:{job}") for action in ("edit", "use_as_source")]
    denied = {"user": "ben", "deny": str(VIEW_CHANNEL)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{hidden}", denied)
    before = list_calls(stack)

    forged = [f"vary:{job}:subtle", f"upscale_with:{job}:fast-upscale", f"regenerate_with:{job}:sdxl"]
    for custom_id in (*forged, *(f"{action}:{job}" for action in ACTIONS)):
        text = press_forged_button(ben, stack.channel_id, custom_id)
        assert "I don't know this request, or it is no longer stored" in text, custom_id
        assert "secret" not in text
    for opened in forms:
        submitted = {"user": "ben", "interaction_id_of_modal": opened, "values": {"prompt": "a stolen castle"}}
        text = ben.wait_for_private_text(ben.post("/control/submit", submitted)["interaction_id"])
        assert "I don't know this request, or it is no longer stored" in text
    assert list_calls(stack) == before
    assert "a secret castle" in press_forged_button(ada, stack.channel_id, f"details:{job}")


def test_a_result_that_its_author_shows_elsewhere_has_buttons_there_without_a_leak_of_its_source(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    hidden = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "closed"})["id"]
    answer = ada.wait_for_result(ada.submit_imagine("a shared castle", channel=hidden))
    job = list_custom_ids(answer)[0].split(":")[1]
    ada.wait_until_stored(job)
    seen_before = ben.wait_for_private_message(ben.invoke_command("show", stack.channel_id, {}, result=job))
    denied = {"user": "ben", "deny": str(VIEW_CHANNEL)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{hidden}", denied)
    shown = ada.invoke_command("show", stack.channel_id, {}, result=job, public=True)
    copy = wait_until(lambda: message if list_media(message := ada.wait_for_status(shown)) else None, "a public copy")
    before = list_calls(stack)

    details = ben.wait_for_private_text(ben.press_button(copy, "details"))
    again = ben.wait_for_private_text(ben.press_button(copy, "regenerate"))
    stale = ben.wait_for_private_text(ben.press_button(seen_before, "details"))

    assert "a shared castle" in details
    assert "belongs to a channel you can't read" in again
    assert "I don't know this request, or it is no longer stored" in stale
    assert list_calls(stack) == before
    ben.wait_for_result(ben.press_button(copy, "vary", "subtle"))
    assert list_calls(stack) == before + 1


def test_a_moderator_of_another_channel_cannot_delete_a_result(stack: Stack, ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    request_json("POST", f"{stack.discord_url}/control/users", {"name": "moe"})
    moderated = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "moderated"})["id"]
    allowed = {"user": "moe", "allow": str(MANAGE_MESSAGES)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{moderated}", allowed)
    moe = DiscordUser(stack, "moe")

    refusals = [press_forged_button(moe, moderated, f"{action}:{job}") for action in DESTRUCTIVE_ACTIONS]

    assert all("Only the person who asked for this or a moderator" in text for text in refusals)


def choose_setting(manager: DiscordUser, choice: str) -> None:
    """Choose who may build on other people's pictures, and wait until it is in force."""
    choose(manager, open_section(manager, "access"), "button_policy", choice)


def choose_preference(user: DiscordUser, choice: str) -> None:
    """Choose who may build on this user's pictures, and wait until it is in force."""

    def is_chosen() -> bool:
        return f'"value": "{choice}", "default": true' in json.dumps(user.invoke_and_wait("preferences"))

    user.use_component(user.invoke_and_wait("preferences"), "preference_select:reuse_policy", choice)
    wait_until(is_chosen, f"the preference {choice}")


def try_to_go_on(user: DiscordUser, answer: dict[str, Any], forms: list[str]) -> list[str]:
    """Try every way to go on from a result in its thread, and return the private responses.

    `forms` are interactions of the user that opened the forms of its buttons before.
    """
    thread = answer["channel_id"]
    job = list_custom_ids(answer)[0].split(":")[1]
    forged = (
        *(f"{action}:{job}" for action in ("regenerate", "regenerate_same_seed", "edit", "use_as_source", "upscale")),
        *(f"vary:{job}:subtle", f"upscale_with:{job}:fast-upscale", f"regenerate_with:{job}:sdxl"),
    )
    submitted = [
        user.post(
            "/control/submit",
            {"user": user.name, "interaction_id_of_modal": opened, "values": {"prompt": "a stolen castle"}},
        )["interaction_id"]
        for opened in forms
    ]
    used = [
        *submitted,
        user.invoke_message_command(answer, "Reimagine"),
        user.invoke_command("imagine", thread, prompt="a stolen castle"),
        user.invoke_command("imagine", thread, **{"prompt": "a stolen castle", "from": job}),
        user.invoke_command("imagine", thread, **{"prompt": "a stolen castle", "from": "original"}),
        user.invoke_command("explore", thread, prompt="a stolen castle", vary="seeds"),
    ]
    pressed = [press_forged_button(user, thread, custom_id) for custom_id in forged]
    return [*pressed, *(user.wait_for_private_text(interaction) for interaction in used)]


def test_the_server_decides_who_may_build_on_pictures_of_others(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    manager = create_moderator(stack, "max", MANAGE_GUILD)
    forms = [open_forged_form(ben, answer["channel_id"], f"{action}:{job}") for action in ("edit", "use_as_source")]
    before = list_calls(stack)

    choose_setting(manager, "author")
    rejected = try_to_go_on(ben, answer, forms)
    details = ben.wait_for_private_text(ben.press_button(answer, "details"))

    assert all("only they can continue from it" in text for text in rejected), rejected
    assert list_calls(stack) == before
    assert "a castle" in details
    choose_setting(manager, "everyone")
    continued = ben.wait_for_result_in_place(ben.press_button(answer, "regenerate"))
    users = request_json("GET", f"{stack.discord_url}/control/state")["users"]
    ada_id = next(user["id"] for user in users if user["username"] == "ada")
    assert f"from <@{ada_id}>’s picture" in "\n".join(iter_message_texts(continued))
    with pytest.raises(Exception, match="permission"):
        ben.invoke_command("server", stack.channel_id)
    assert "Only people who can manage this server" in press_forged_select(
        ben, "server_setting:button_policy:0", "author"
    )


def test_the_wish_of_an_author_binds_everyone_else_even_moderators(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    photo = ada.post_file("me.png", make_png())
    moderator = create_moderator(stack, "mona", MANAGE_MESSAGES)
    forms = [open_forged_form(ben, answer["channel_id"], f"{action}:{job}") for action in ("edit", "use_as_source")]
    before = list_calls(stack)

    choose_preference(ada, "nobody")
    rejected = [
        *try_to_go_on(ben, answer, forms),
        *try_to_go_on(moderator, answer, []),
        ben.wait_for_private_text(ben.invoke_message_command(photo, "Reimagine")),
    ]

    assert all("doesn't let others build on it" in text for text in rejected), rejected
    assert list_calls(stack) == before
    ada.wait_for_result_in_place(ada.press_button(answer, "regenerate"))
    choose_preference(ada, "everyone")


def press_forged_select(user: DiscordUser, custom_id: str, value: str) -> str:
    """Choose from a forged select and return the private response."""
    select = {"type": 3, "custom_id": custom_id, "options": [{"label": value, "value": value}]}
    message = {"content": "x", "components": [{"type": 1, "components": [select]}]}
    posted = call_api_as_bot(user.stack, "POST", f"/channels/{user.stack.channel_id}/messages", message)
    return user.wait_for_private_text(user.use_component(posted, custom_id, value))


def test_who_does_not_manage_the_server_sees_changes_and_undoes_nothing_of_it(stack: Stack, ben: DiscordUser) -> None:
    manager = create_moderator(stack, "mary", MANAGE_GUILD)
    panel = choose(manager, open_section(manager, "models"), "asks_price", "on")
    undo = find_undo(panel)
    assert undo is not None
    opened = manager.use_component(panel, "server_form:max_price")
    manager.read_modal_fields(opened)
    request_json("PUT", f"{stack.discord_url}/control/members/mary", {"roles": []})

    refused = [
        *(press_forged_button(ben, stack.channel_id, custom_id) for custom_id in (undo, "server_form:time_zone")),
        press_forged_select(ben, "server_section", "access"),
        press_forged_select(ben, "server_setting:asks_price:0", "off"),
        press_forged_select(ben, "server_setting:log_channel_id:0", stack.channel_id),
        manager.wait_for_private_text(manager.submit_modal(opened, value="1000")),
    ]

    assert all("Only people who can manage this server" in text for text in refused), refused
    owner = find_owner(stack)
    shown = json.dumps(open_section(owner, "models"))
    assert "no limit" in shown
    assert '"value": "on", "default": true' in shown
    choose(owner, open_section(owner, "models"), "asks_price", "off")


def test_settings_that_an_administrator_shows_to_everyone_are_refused_all_the_same(
    stack: Stack, ben: DiscordUser
) -> None:
    commands = request_json("GET", f"{stack.discord_url}/control/state")["commands"]
    settings = next(command for command in commands if command["name"] == "server")
    path = f"/applications/{settings['application_id']}/commands/{settings['id']}"
    call_api_as_bot(stack, "PATCH", path, {"default_member_permissions": None})

    refused = ben.wait_for_private_text(ben.invoke_command("server", stack.channel_id))
    call_api_as_bot(stack, "PATCH", path, {"default_member_permissions": str(MANAGE_GUILD)})

    assert "Only people who can manage this server" in refused


def read_refusal(user: DiscordUser, message: dict[str, Any], pressed: str) -> str | None:
    """Read the private response to a button that is not the message of the button itself."""
    state = user.get(f"/control/interactions/{pressed}")
    shown = [state.get("message"), *state.get("followups", ())]
    return next(("\n".join(iter_message_texts(one)) for one in shown if one and one["id"] != message["id"]), None)


def test_forged_buttons_and_old_forms_get_around_no_rule_of_a_server(stack: Stack) -> None:
    server = add_server(stack)
    member = server.member
    answer = member.wait_for_result(server.imagine("a white horse"))
    job = list_custom_ids(answer)[0].split(":")[1]
    forms = [open_forged_form(member, answer["channel_id"], f"{action}:{job}") for action in ("edit", "use_as_source")]
    used = member.invoke_command("explore", server.channel_id, vary="seeds", prompt="a white horse")
    plan = member.wait_for_private_message(used)
    requests = (
        *(f"{action}:{job}" for action in ("regenerate", "regenerate_same_seed", "upscale_at_once")),
        *(f"vary:{job}:subtle", f"regenerate_all:{job}:4"),
        *(f"upscale_with:{job}:fast-upscale", f"regenerate_with:{job}:stable-image-core"),
    )
    rules: list[tuple[str, dict[str, Any]]] = [
        ("This server doesn't let me work in this channel", {"allowed_channel_ids": frozenset({1})}),
        ("I'm for members with one of these roles", {"allowed_role_ids": frozenset({1})}),
        ("doesn't offer|offers no model", {"models": frozenset({"none"})}),
        ("may cost at most", {"max_price": 1}),
        ("is on this server's word list|doesn't offer “Upscaling”", {"tasks": frozenset({"generate"})}),
    ]
    before = list_calls(stack)

    for refusal, changes in rules:
        server.save_settings(**changes)
        if "word list" in refusal:
            server.invoke(server.owner, "words add", entry="horse")
        answers = [press_forged_button(member, answer["channel_id"], custom_id) for custom_id in requests]
        started = member.press_button(plan, "exploration_start")
        answers.append(wait_until(partial(read_refusal, member, plan, started), "a refused plan"))
        for opened in forms:
            filled = {"user": member.name, "interaction_id_of_modal": opened, "values": {"prompt": "a white horse"}}
            answers.append(member.wait_for_private_text(member.post("/control/submit", filled)["interaction_id"]))
        assert [text for text in answers if not re.search(refusal, text)] == []

    pages = [press_forged_button(member, server.channel_id, f"word_list_page:{page}") for page in (1, 99)]
    server.save_settings(allowed_channel_ids=frozenset({1}))
    unknown = press_forged_button(member, server.channel_id, "nonsense:1")
    assert all("Only people who can manage this server" in page for page in pages), pages
    assert "This server doesn't let me work in this channel" in unknown
    assert list_calls(stack) == before
