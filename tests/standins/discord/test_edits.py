"""Edits of messages: kept files, the rules of Components V2, and authorship."""

from typing import Any

from tests.support.discord_standin import COMPONENTS_V2_FLAG, DiscordStandIn, list_error_codes, make_form, make_png


def make_text_display(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def make_gallery(*urls: str) -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": url}} for url in urls]}


async def test_an_edit_keeps_the_attachments_it_lists_and_no_others(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    sent = await discord_standin.call_rest_ok(
        "POST", path, data=make_form({}, ("a.png", make_png()), ("b.png", make_png()))
    )
    keep = [{"id": sent["attachments"][1]["id"], "description": "kept"}, {"id": 0}]
    edited = await discord_standin.call_rest_ok(
        "PATCH", f"{path}/{sent['id']}", data=make_form({"attachments": keep}, ("c.png", make_png()))
    )
    assert [a["filename"] for a in edited["attachments"]] == ["b.png", "c.png"]
    assert edited["attachments"][0]["description"] == "kept"
    assert edited["edited_timestamp"] is not None
    async with discord_standin.http.get(sent["attachments"][0]["url"]) as gone:
        assert gone.status == 404
    untouched = await discord_standin.call_rest_ok("PATCH", f"{path}/{sent['id']}", {"content": "words"})
    assert len(untouched["attachments"]) == 2


async def test_an_edit_can_add_an_image_but_not_remove_one_that_a_gallery_shows(
    discord_standin: DiscordStandIn,
) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    shown = {
        "flags": COMPONENTS_V2_FLAG,
        "components": [make_gallery("attachment://a.png")],
        "attachments": [{"id": 0}],
    }
    message = await discord_standin.call_rest_ok("POST", path, data=make_form(shown, ("a.png", make_png())))
    kept = message["components"][0]["items"][0]["media"]["attachment_id"]

    body = await discord_standin.call_rest_rejected(50035, "PATCH", f"{path}/{message['id']}", {"attachments": []})
    both = [make_gallery("attachment://a.png", "attachment://b.png")]
    change = make_form({"components": both, "attachments": [{"id": kept}, {"id": 0}]}, ("b.png", make_png()))
    edited = await discord_standin.call_rest_ok("PATCH", f"{path}/{message['id']}", data=change)

    assert list_error_codes(body)[0][1] == "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
    ids = [item["media"]["attachment_id"] for item in edited["components"][0]["items"]]
    assert ids[0] == kept != ids[1]


async def test_a_message_cannot_leave_components_v2_nor_enter_it_with_content(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    v2 = await discord_standin.post_message(flags=COMPONENTS_V2_FLAG, components=[make_text_display("t")])
    await discord_standin.call_rest_rejected(50035, "PATCH", f"{path}/{v2['id']}", {"content": "words"})
    legacy = await discord_standin.post_message(content="words")
    change = {"flags": COMPONENTS_V2_FLAG, "components": [make_text_display("t")]}
    body = await discord_standin.call_rest_rejected(50035, "PATCH", f"{path}/{legacy['id']}", change)
    assert list_error_codes(body) == [("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")]
    edited = await discord_standin.call_rest_ok("PATCH", f"{path}/{legacy['id']}", {**change, "content": None})
    assert edited["flags"] & COMPONENTS_V2_FLAG


async def test_only_the_author_edits_and_a_deleted_message_is_unknown(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    theirs = await discord_standin.call_page_api("POST", f"/client{path}?user=ada", {"content": "mine"})
    await discord_standin.call_rest_rejected(50005, "PATCH", f"{path}/{theirs['id']}", {"content": "x"})
    await discord_standin.call_rest_rejected(50013, "DELETE", f"{path}/{theirs['id']}")
    ours = await discord_standin.post_message(content="x")
    await discord_standin.call_rest_ok("DELETE", f"{path}/{ours['id']}")
    await discord_standin.call_rest_rejected(10008, "GET", f"{path}/{ours['id']}")
    await discord_standin.call_rest_rejected(10008, "PATCH", f"{path}/{ours['id']}", {"content": "x"})
