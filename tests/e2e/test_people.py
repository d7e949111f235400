"""What people owe each other, end to end: names of owners, wishes, spoilers, languages, commands in direct messages."""

from typing import Any

from demo.first_picture import iter_message_texts
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.images import make_png
from tests.support.server_panel import choose, open_section
from tests.support.user import DiscordUser, list_media, wait_until


def find_user_id(stack: Stack, name: str) -> str:
    users = request_json("GET", f"{stack.discord_url}/control/state")["users"]
    return str(next(user["id"] for user in users if user["username"] == name))


def open_direct_messages(user: DiscordUser) -> str:
    return str(user.post("/control/dms", {"user": user.name})["id"])


def test_a_photo_of_somebody_else_is_reimagined_with_their_name_in_the_channel(ada: DiscordUser, stack: Stack) -> None:
    ben = DiscordUser(stack, "ben")
    photo = ben.post_file("SPOILER_holiday.png", make_png())

    asked = ada.submit_modal(ada.invoke_message_command(photo, "Reimagine"), prompt="a painting", spoiler=["yes"])
    result = ada.wait_for_result(asked)

    named = f"from <@{find_user_id(stack, 'ben')}>’s picture"
    assert named in "\n".join(iter_message_texts(result))
    assert result["mentions"] == []
    assert list_media(result)[0]["spoiler"] is True
    status = ada.wait_for_status(asked)
    assert named in "\n".join([status["content"], *iter_message_texts(status)])


def test_commands_work_in_direct_messages(ada: DiscordUser, list_calls: Any) -> None:
    direct = open_direct_messages(ada)

    job = ada.submit_imagine("a lighthouse", image=None, channel=direct)
    first = ada.wait_for_result_in_place(job)
    varied = ada.wait_for_result_in_place(ada.press_button(first, "vary", "subtle"))
    reimagined = ada.submit_modal(ada.invoke_message_command(first, "Reimagine"), prompt="a ruin")
    again = ada.wait_for_result_in_place(reimagined)
    shown = [ada.wait_for_status(ada.invoke_command(name, direct)) for name in ("history", "favourites", "queue")]

    assert [len(list_media(message)) for message in (first, varied, again)] == [1, 1, 1]
    assert len(list_calls()) == 3
    assert all(message["channel_id"] == direct for message in shown)


def test_a_server_reads_its_own_language_and_each_person_theirs(ada: DiscordUser, owner: DiscordUser) -> None:
    panel = choose(owner, open_section(owner, "language"), "language", "fr")

    result = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    details = ada.wait_for_private_text(ada.press_button(result, "details"))
    choose(owner, panel, "language", "-")

    assert "graine" in "\n".join(iter_message_texts(result))
    assert "asked for by" in details


def test_a_sheet_in_the_thread_of_somebody_else_names_them_and_is_covered(ada: DiscordUser, stack: Stack) -> None:
    ben = DiscordUser(stack, "ben")
    job = ada.submit_imagine("a castle", image=None)
    ada.wait_for_result(job)
    thread = ada.wait_for_status(job)["thread"]["id"]

    asked = ben.invoke_command("imagine", thread, prompt="the castle in snow", count=2, spoiler=True)

    sheet = wait_until(lambda: seen if list_media(seen := ben.wait_for_status(asked)) else None, "the sheet")
    assert f"from <@{find_user_id(stack, 'ada')}>’s picture" in "\n".join(iter_message_texts(sheet))
    assert list_media(sheet)[0]["spoiler"] is True
