"""kill -9 of the bot between a message of the gallery and the row that knows of it: posted once, and taken out once.

The stand-in does not enforce nonces here, so the guarantee comes from the bot alone; posts of a forum never have any.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.features.gallery.post_view import compute_post_component_id
from demo.stack import Stack, run_stack
from shared.catalogue import load_catalogue
from tests.support.bot_processes import BotProcesses, inject_discord_fault, wait_until_delivered
from tests.support.records import query_records
from tests.support.server import find_owner
from tests.support.user import DiscordUser, list_components, wait_until

TEXT, FORUM = 0, 15


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("gallery-killed") / "logs",
        discord_options=("--no-rate-limits", "--nonce-seconds", "0"),
        bedrock_options=("--latency", "0.2"),
        services=("worker",),
    ) as opened:
        yield opened


@pytest.fixture
def bot_processes(stack: Stack) -> Iterator[BotProcesses]:
    opened = BotProcesses(stack, stack.redis_url)
    opened.start()
    yield opened
    opened.stop_all()


def list_posts(user: DiscordUser, job: str) -> list[dict[str, Any]]:
    """List the messages of a result in galleries, also those of a forum's posts."""
    component_id = compute_post_component_id(job)
    found = user.get("/control/state")["messages"]
    everything = (message for messages in found.values() for message in messages if not message.get("deleted"))
    return [m for m in everything if component_id in [component.get("id") for component in m["components"]]]


def read_row(stack: Stack, job: str) -> tuple[Any, ...]:
    rows = query_records(stack, "SELECT state, message_id FROM gallery_posts WHERE job_id = ?", job)
    return rows[0] if rows else ()


@pytest.mark.parametrize(("kind", "path"), [(TEXT, "messages"), (FORUM, "threads")])
def test_a_result_is_posted_once_and_taken_out_once(
    stack: Stack, bot_processes: BotProcesses, kind: int, path: str
) -> None:
    ada, owner = DiscordUser(stack), find_owner(stack)
    channel = owner.post("/control/channels", {"name": "gallery", "type": kind})["id"]
    tag = {"name": load_catalogue().default_model.name.upper()[:20]}
    tags = owner.patch(f"/control/channels/{channel}", {"available_tags": [tag]}).get("available_tags", [])
    panel = owner.invoke_and_wait("gallery setup")
    owner.use_component(panel, "gallery_setting:channel", channel)
    wait_until(lambda: channel in str(list_components(owner.reload_private_message(panel))), "the gallery")
    job = ada.submit_imagine("a castle", image=None)
    result = ada.wait_for_result(job)
    wait_until_delivered(stack, job)

    inject_discord_fault(stack, "delay_after:20", "POST", rf"/channels/{channel}/{path}$")
    ada.press_button(result, "gallery_share")
    wait_until(lambda: list_posts(ada, job), "a post of which the bot does not know")
    assert read_row(stack, job) == ("waiting", None)
    bot_processes.kill(bot_processes.latest)
    bot_processes.start()
    wait_until(lambda: read_row(stack, job)[0] == "posted", "the row that knows of the post", 60)

    (post,) = list_posts(ada, job)
    assert read_row(stack, job) == ("posted", int(post["id"]))
    threads = [one for one in ada.get("/control/state")["channels"] if one.get("parent_id") == channel]
    assert [one["applied_tags"] for one in threads] == [[one["id"]] for one in tags]

    inject_discord_fault(stack, "delay_after:20", "DELETE", rf"/messages/{post['id']}$")
    ada.press_button(result, "gallery_take_out")
    wait_until(lambda: not list_posts(ada, job), "a message that is gone, of which the bot does not know")
    assert read_row(stack, job)[0] == "removing"
    bot_processes.kill(bot_processes.latest)
    bot_processes.start()
    wait_until(lambda: read_row(stack, job)[0] == "removed", "the row that knows that it is gone")
    assert list_posts(ada, job) == []
