"""Messages: rejections with Discord's error codes, and the rendering of accepted ones."""

from typing import Any

import pytest

from tests.support.discord_standin import COMPONENTS_V2_FLAG, DiscordStandIn, list_error_codes, make_form, make_png

BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
LONG_EMBED = {"title": "t" * 256, "description": "d" * 4096}


def make_action_row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def make_text_display(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def make_gallery(*urls: str, description: str | None = None) -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": url}, "description": description} for url in urls]}


SELECT = {"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}]}
FAULTY_MESSAGES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"content": "x" * 2001}, [("content", "BASE_TYPE_MAX_LENGTH")]),
    ({"content": 5}, [("content", "STRING_TYPE_CONVERT")]),
    ({"content": "x", "nonce": "n" * 26}, [("nonce", "BASE_TYPE_MAX_LENGTH")]),
    ({"embeds": [{"title": "t"}] * 11}, [("embeds", "BASE_TYPE_MAX_LENGTH")]),
    ({"embeds": [{"title": "t" * 257}]}, [("embeds.0.title", "BASE_TYPE_MAX_LENGTH")]),
    ({"embeds": [LONG_EMBED, LONG_EMBED]}, [("embeds", "MAX_EMBED_SIZE_EXCEEDED")]),
    ({"embeds": [{"fields": [{"name": "n"}]}]}, [("embeds.0.fields.0.value", "BASE_TYPE_REQUIRED")]),
    ({"embeds": [{"image": {"url": "ftp://x/y"}}]}, [("embeds.0.image.url", "URL_TYPE_INVALID_SCHEME")]),
    (
        {"embeds": [{"image": {"url": "attachment://no.png"}}]},
        [("embeds.0.image.url", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND")],
    ),
    ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, [("allowed_mentions.parse.0", "BASE_TYPE_CHOICES")]),
    (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        [("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE")],
    ),
    ({"content": "x", "attachments": [{"id": 0}]}, [("attachments.0.id", "ATTACHMENT_NOT_FOUND")]),
    (
        {"content": "x", "message_reference": {"message_id": "1"}},
        [("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE")],
    ),
    ({"content": "x", "components": [make_action_row(BUTTON)] * 6}, [("components", "BASE_TYPE_MAX_LENGTH")]),
    ({"content": "x", "components": [make_action_row()]}, [("components.0.components", "BASE_TYPE_BAD_LENGTH")]),
    (
        {"content": "x", "components": [make_text_display("V2 without its flag")]},
        [("components.0.type", "BASE_TYPE_CHOICES")],
    ),
    (
        {"content": "x", "components": [make_action_row(BUTTON, BUTTON)]},
        [("components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED")],
    ),
    (
        {"content": "x", "components": [make_action_row({**BUTTON, "label": "l" * 81})]},
        [("components.0.components.0.label", "BASE_TYPE_MAX_LENGTH")],
    ),
    (
        {"content": "x", "components": [make_action_row({**BUTTON, "custom_id": "c" * 101})]},
        [("components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH")],
    ),
    (
        {"content": "x", "components": [make_action_row({"type": 2, "style": 5, "label": "l", "url": "nowhere"})]},
        [("components.0.components.0.url", "URL_TYPE_INVALID_URL")],
    ),
    (
        {
            "content": "x",
            "components": [
                make_action_row({"type": 2, "style": 5, "label": "l", "url": f"https://x.example/{'y' * 500}"})
            ],
        },
        [("components.0.components.0.url", "BASE_TYPE_MAX_LENGTH")],
    ),
    (
        {"content": "x", "components": [make_action_row({**BUTTON, "emoji": {"name": "☆"}})]},
        [("components.0.components.0.emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI")],
    ),
    (
        {
            "content": "x",
            "components": [
                make_action_row({**SELECT, "options": [{"label": "l", "value": "v", "emoji": {"name": ":x:"}}]})
            ],
        },
        [("components.0.components.0.options.0.emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI")],
    ),
    (
        {"content": "x", "components": [make_action_row({**SELECT, "min_values": 2})]},
        [("components.0.components.0.min_values", "NUMBER_TYPE_MAX")],
    ),
    (
        {"content": "x", "components": [make_action_row({"type": 5, "custom_id": "s", "default_values": [{}, {}]})]},
        [("components.0.components.0.default_values", "BASE_TYPE_BAD_LENGTH")],
    ),
    (
        {
            "content": "x",
            "components": [
                make_action_row(
                    {"type": 8, "custom_id": "s", "default_values": [{"id": "1", "type": "role"}], "channel_types": [9]}
                )
            ],
        },
        [
            ("components.0.components.0.default_values.0.type", "BASE_TYPE_CHOICES"),
            ("components.0.components.0.channel_types.0", "BASE_TYPE_CHOICES"),
        ],
    ),
    (
        {
            "content": "x",
            "components": [
                make_action_row({"type": 6, "custom_id": "s", "default_values": [{"id": "the admins", "type": "role"}]})
            ],
        },
        [("components.0.components.0.default_values.0.id", "NUMBER_TYPE_COERCE")],
    ),
    (
        {"content": "x", "components": [make_action_row(BUTTON, {"type": 5, "custom_id": "s"})]},
        [("components.0.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED")],
    ),
    (
        {"content": "x", "components": [make_action_row({"type": 3, "custom_id": "s", "options": []})]},
        [("components.0.components.0.options", "BASE_TYPE_BAD_LENGTH")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "content": "x", "components": [make_text_display("t")]},
        [("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "embeds": [{"title": "t"}], "components": [make_text_display("t")]},
        [("embeds", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [make_text_display("t" * 2001), make_text_display("t" * 2000)]},
        [("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [make_text_display("")]},
        [("components.0.content", "BASE_TYPE_REQUIRED")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [{"type": 17, "components": [make_text_display("t")] * 20}] * 2},
        [("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [make_gallery(*["https://x.example/y.png"] * 11)]},
        [("components.0.items", "BASE_TYPE_BAD_LENGTH")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [make_gallery("https://x.example/y.png", description="d" * 1025)]},
        [("components.0.items.0.description", "BASE_TYPE_MAX_LENGTH")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [make_gallery("attachment://no.png")]},
        [("components.0.items.0.media.url", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [{"type": 13, "file": {"url": "https://x.example/y"}}]},
        [("components.0.file.url", "URL_TYPE_INVALID_SCHEME")],
    ),
    (
        {"flags": COMPONENTS_V2_FLAG, "components": [{"type": 9, "components": [make_text_display("t")]}]},
        [("components.0.accessory", "BASE_TYPE_REQUIRED")],
    ),
    (
        {
            "flags": COMPONENTS_V2_FLAG,
            "components": [{"type": 17, "components": [{"type": 17, "components": [make_text_display("t")]}]}],
        },
        [("components.0.components.0.type", "BASE_TYPE_CHOICES")],
    ),
    (
        {
            "flags": COMPONENTS_V2_FLAG,
            "components": [{**make_text_display("a"), "id": 3}, {**make_text_display("b"), "id": 3}],
        },
        [("components.1.id", "COMPONENT_ID_DUPLICATED")],
    ),
]


@pytest.mark.parametrize(
    ("payload", "expected"), FAULTY_MESSAGES, ids=[f"{e[0][0]}-{e[0][1]}" for _, e in FAULTY_MESSAGES]
)
async def test_an_invalid_message_is_rejected_with_path_and_code_of_the_error(
    discord_standin: DiscordStandIn, payload: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    body = await discord_standin.call_rest_rejected(
        50035, "POST", f"/channels/{discord_standin.channel_id}/messages", payload
    )
    assert body["status"] == 400
    assert body["message"] == "Invalid Form Body"
    assert list_error_codes(body) == expected
    assert await discord_standin.list_messages_seen_by("ada") == []


@pytest.mark.parametrize(
    "payload", [{}, {"content": "  "}, {"embeds": []}, {"flags": COMPONENTS_V2_FLAG, "components": []}]
)
async def test_an_empty_message_is_refused(discord_standin: DiscordStandIn, payload: dict[str, Any]) -> None:
    await discord_standin.call_rest_rejected(50006, "POST", f"/channels/{discord_standin.channel_id}/messages", payload)


async def test_a_body_that_is_no_json_is_refused(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_rest_rejected(
        50109, "POST", f"/channels/{discord_standin.channel_id}/messages", data=b"{oops"
    )


async def test_ten_files_are_taken_and_eleven_refused(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    files = [(f"{n}.png", make_png()) for n in range(11)]
    taken = await discord_standin.call_rest_ok("POST", path, data=make_form({}, *files[:10]))
    assert [a["filename"] for a in taken["attachments"]] == [name for name, _ in files[:10]]
    await discord_standin.call_rest_rejected(30015, "POST", path, data=make_form({}, *files))


async def test_a_file_over_the_guilds_limit_is_refused_until_its_tier_rises(discord_standin: DiscordStandIn) -> None:
    path, big = f"/channels/{discord_standin.channel_id}/messages", b"\0" * ((10 << 20) + 1)
    refusal = await discord_standin.call_rest_rejected(50045, "POST", path, data=make_form({}, ("big.bin", big)))
    assert refusal["status"] == 400
    await discord_standin.call_page_api("PATCH", "/control/guild", {"premium_tier": 2})
    assert (await discord_standin.call_rest_ok("POST", path, data=make_form({}, ("big.bin", big))))["attachments"][0][
        "size"
    ] == len(big)


async def test_a_request_over_25_mib_is_too_large_even_when_each_file_is_not(discord_standin: DiscordStandIn) -> None:
    part = b"\0" * (9 << 20)
    files = [(f"{n}.bin", part) for n in range(3)]
    refusal = await discord_standin.call_rest_rejected(
        40005, "POST", f"/channels/{discord_standin.channel_id}/messages", data=make_form({}, *files)
    )
    assert refusal["status"] == 413


async def test_an_alt_text_over_1024_characters_is_refused(discord_standin: DiscordStandIn) -> None:
    payload = {"attachments": [{"id": 0, "description": "d" * 1025}]}
    data = make_form(payload, ("a.png", make_png()))
    body = await discord_standin.call_rest_rejected(
        50035, "POST", f"/channels/{discord_standin.channel_id}/messages", data=data
    )
    assert list_error_codes(body) == [("attachments.0.description", "BASE_TYPE_MAX_LENGTH")]


async def test_files_are_recognised_by_their_bytes_and_stored_under_safe_names(discord_standin: DiscordStandIn) -> None:
    payload = {"attachments": [{"id": 0, "description": "a picture"}]}
    data = make_form(payload, ("my päinting (1).dat", make_png(5, 7)))
    (known,) = (
        await discord_standin.call_rest_ok("POST", f"/channels/{discord_standin.channel_id}/messages", data=data)
    )["attachments"]
    assert known["filename"] == "my_pinting_1.dat"
    assert (known["content_type"], known["width"], known["height"]) == ("image/png", 5, 7)
    assert known["description"] == "a picture"


async def test_too_many_bytes_of_text_cause_a_500_as_in_reality(discord_standin: DiscordStandIn) -> None:
    payload = {"flags": COMPONENTS_V2_FLAG, "components": [make_text_display("語" * 3500)]}
    status, _ = await discord_standin.call_rest("POST", f"/channels/{discord_standin.channel_id}/messages", payload)
    assert status == 500


async def test_components_come_back_with_ids_defaults_and_full_media(discord_standin: DiscordStandIn) -> None:
    components = [
        {"type": 17, "components": [make_text_display("hello"), {"type": 14}, make_gallery("attachment://a.png")]},
        {**make_action_row(BUTTON), "id": 2},
        {"type": 13, "file": {"url": "attachment://b.txt"}},
    ]
    data = make_form({"flags": COMPONENTS_V2_FLAG, "components": components}, ("a.png", make_png()), ("b.txt", b"text"))
    message = await discord_standin.call_rest_ok("POST", f"/channels/{discord_standin.channel_id}/messages", data=data)
    container, actions, file = message["components"]
    assert [container["id"], *(c["id"] for c in container["components"])] == [1, 3, 4, 5]
    assert [actions["id"], actions["components"][0]["id"], file["id"]] == [2, 6, 7]
    assert container["components"][1] == {"type": 14, "id": 4, "spacing": 1, "divider": True}
    media = container["components"][2]["items"][0]["media"]
    assert media["url"].startswith(discord_standin.url)
    assert media["proxy_url"] != media["url"]
    assert (media["width"], media["height"], media["attachment_id"]) == (64, 48, media["id"])
    assert (file["name"], file["size"]) == ("b.txt", 4)
    assert message["attachments"] == []


async def test_an_image_shown_in_an_embed_is_not_listed_as_an_attachment(discord_standin: DiscordStandIn) -> None:
    payload = {"embeds": [{"title": "t", "image": {"url": "attachment://a.png"}}]}
    data = make_form(payload, ("a.png", make_png()), ("b.png", make_png()))
    message = await discord_standin.call_rest_ok("POST", f"/channels/{discord_standin.channel_id}/messages", data=data)
    assert [a["filename"] for a in message["attachments"]] == ["b.png"]
    assert (message["embeds"][0]["image"]["width"], message["embeds"][0]["image"]["height"]) == (64, 48)


async def test_the_same_enforced_nonce_answers_with_the_first_message(discord_standin: DiscordStandIn) -> None:
    first = await discord_standin.post_message(content="one", nonce="job", enforce_nonce=True)
    again = await discord_standin.post_message(content="two", nonce="job", enforce_nonce=True)
    assert (again["id"], again["content"], again["nonce"]) == (first["id"], "one", "job")
    assert len(await discord_standin.list_messages_seen_by("ada")) == 1
    assert "nonce" not in (await discord_standin.list_messages_seen_by("ada"))[0]


async def test_a_nonce_that_is_not_enforced_makes_a_second_message(discord_standin: DiscordStandIn) -> None:
    first = await discord_standin.post_message(content="one", nonce="job")
    assert (await discord_standin.post_message(content="one", nonce="job"))["id"] != first["id"]


async def test_the_nonce_of_a_deleted_message_is_an_unknown_message(discord_standin: DiscordStandIn) -> None:
    first = await discord_standin.post_message(content="one", nonce="job", enforce_nonce=True)
    await discord_standin.call_page_api("DELETE", f"/control/messages/{first['id']}")
    payload = {"content": "one", "nonce": "job", "enforce_nonce": True}
    await discord_standin.call_rest_rejected(10008, "POST", f"/channels/{discord_standin.channel_id}/messages", payload)


async def test_a_nonce_is_forgotten_after_its_time(start_standin: Any) -> None:
    discord_standin = await start_standin(nonce_seconds=0.0)
    first = await discord_standin.post_message(content="one", nonce="job", enforce_nonce=True)
    assert (await discord_standin.post_message(content="one", nonce="job", enforce_nonce=True))["id"] != first["id"]


async def test_a_reply_includes_the_message_it_replies_to_and_can_tolerate_its_absence(
    discord_standin: DiscordStandIn,
) -> None:
    first = await discord_standin.post_message(content="one")
    reply = await discord_standin.post_message(content="two", message_reference={"message_id": first["id"]})
    assert (reply["type"], reply["referenced_message"]["id"]) == (19, first["id"])
    forgiving = await discord_standin.post_message(
        content="x", message_reference={"message_id": "1", "fail_if_not_exists": False}
    )
    assert forgiving["type"] == 0


async def test_mentions_follow_allowed_mentions(discord_standin: DiscordStandIn) -> None:
    ada = discord_standin.state.find_user("ada").id
    assert [u["id"] for u in (await discord_standin.post_message(content=f"<@{ada}>"))["mentions"]] == [ada]
    assert (await discord_standin.post_message(content=f"<@{ada}>", allowed_mentions={"parse": []}))["mentions"] == []


@pytest.mark.parametrize("name", ["⭐", "🎲", "✏️", "👩‍🎨", "🇫🇷", "1️⃣", "❤"])
async def test_unicodes_emoji_are_taken_on_a_button(discord_standin: DiscordStandIn, name: str) -> None:
    message = await discord_standin.post_message(
        content="x", components=[make_action_row({**BUTTON, "emoji": {"name": name}})]
    )
    assert message["components"][0]["components"][0]["emoji"]["name"] == name


async def test_messages_are_listed_newest_first_and_by_before_and_after(discord_standin: DiscordStandIn) -> None:
    ids = [(await discord_standin.post_message(content=str(n)))["id"] for n in range(4)]
    path = f"/channels/{discord_standin.channel_id}/messages"

    async def listed(query: str) -> list[str]:
        return [m["id"] for m in await discord_standin.call_rest_ok("GET", f"{path}?{query}")]

    assert await listed("limit=2") == ids[:1:-1]
    assert await listed(f"before={ids[2]}") == [ids[1], ids[0]]
    assert await listed(f"after={ids[1]}&limit=1") == [ids[2]]
    await discord_standin.call_rest_rejected(50035, "GET", f"{path}?limit=101")


async def test_a_direct_message_arrives_unless_the_person_has_closed_them(discord_standin: DiscordStandIn) -> None:
    ada = discord_standin.state.find_user("ada").id
    dm = await discord_standin.call_rest_ok("POST", "/users/@me/channels", {"recipient_id": ada})
    assert dm["type"] == 1
    await discord_standin.call_rest_ok("POST", f"/channels/{dm['id']}/messages", {"content": "psst"})
    assert [m["content"] for m in await discord_standin.list_messages_seen_by("ada", dm["id"])] == ["psst"]
    await discord_standin.call_page_api("GET", f"/client/channels/{dm['id']}/messages?user=ben", status=403)
    await discord_standin.call_page_api("PATCH", "/control/users/ada", {"dms_closed": True})
    await discord_standin.call_rest_rejected(50007, "POST", f"/channels/{dm['id']}/messages", {"content": "psst"})
