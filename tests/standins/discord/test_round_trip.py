"""The real discord.py goes the whole way: command, picture, defer, edit, thread, file, button, modal."""

import io
from typing import Any

import discord
from discord import app_commands

from tests.support.discord_standin import CommandBot, DiscordStandIn, make_image_file, make_png, run_bot, wait_until


class RepeatButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"again:(?P<job>\d+)"):
    """A button that any process can post and this one handles."""

    def __init__(self, job: str) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"again:{job}"))

    @classmethod
    async def from_custom_id(cls, _: Any, __: Any, match: Any) -> "RepeatButton":
        return cls(match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(RepeatModal())


class RepeatModal(discord.ui.Modal, title="Once more"):
    prompt: Any = discord.ui.Label(text="Prompt", component=discord.ui.TextInput(custom_id="prompt", default="fog"))
    picture: Any = discord.ui.Label(text="Picture", component=discord.ui.FileUpload(custom_id="file", required=False))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        sizes = [len(await file.read()) for file in self.picture.component.values]
        await interaction.response.send_message(f"{self.prompt.component.value} {sizes}", ephemeral=True)


def make_imagine_bot() -> CommandBot:
    """A bot that does what the product does, in one handler."""
    bot = CommandBot()
    bot.add_dynamic_items(RepeatButton)

    @bot.tree.command(description="Make a picture.")
    @app_commands.guild_only()
    async def imagine(
        interaction: discord.Interaction[CommandBot],
        prompt: app_commands.Range[str, 1, 200],
        image: discord.Attachment,
        keep: app_commands.Range[int, 0, 100] = 35,
    ) -> None:
        await interaction.response.defer()
        data = await image.read()
        shown = await interaction.edit_original_response(content=f"{len(data)} bytes, keep {keep}")
        place = interaction.channel
        assert isinstance(place, discord.TextChannel)
        thread = await place.get_partial_message(shown.id).create_thread(name=prompt)
        view = discord.ui.LayoutView()
        gallery: Any = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://out.png", description=prompt))
        row: Any = discord.ui.ActionRow(RepeatButton("5"))
        view.add_item(discord.ui.Container(discord.ui.TextDisplay("seed `7`"), gallery, row))
        await thread.send(file=discord.File(io.BytesIO(data), "out.png"), view=view, nonce=str(interaction.id))

    return bot


async def test_a_command_with_a_picture_ends_with_a_picture_in_a_thread(discord_standin: DiscordStandIn) -> None:
    async with run_bot(make_imagine_bot()):
        asked = await discord_standin.invoke_command(
            "imagine", {"prompt": "a castle"}, files={"image": make_image_file()}
        )
        answered = await discord_standin.wait_for_interaction(asked, lambda i: "thread" in i.get("message", {}))
        thread = answered["message"]["thread"]
        assert answered["message"]["content"] == f"{len(make_png())} bytes, keep 35"
        assert answered["message"]["interaction"]["name"] == "imagine"
        assert thread["id"] == answered["message"]["id"]

        async def posted() -> Any:
            return await discord_standin.list_messages_seen_by("ben", thread["id"])

        (result,) = await wait_until(posted)
        text, gallery, _ = result["components"][0]["components"]
        media = gallery["items"][0]["media"]
        assert text["content"] == "seed `7`"
        assert (media["width"], media["height"], media["content_type"]) == (64, 48, "image/png")
        assert gallery["items"][0]["description"] == "a castle"
        assert result["attachments"] == []
        async with discord_standin.http.get(media["url"]) as picture:
            assert await picture.read() == make_png()


async def test_a_button_opens_a_modal_and_its_file_and_text_arrive(discord_standin: DiscordStandIn) -> None:
    async with run_bot(make_imagine_bot()):
        asked = await discord_standin.invoke_command(
            "imagine", {"prompt": "a castle"}, files={"image": make_image_file()}
        )
        answered = await discord_standin.wait_for_interaction(asked, lambda i: "thread" in i.get("message", {}))
        thread_id = answered["message"]["thread"]["id"]

        async def posted() -> Any:
            return await discord_standin.list_messages_seen_by("ada", thread_id)

        (result,) = await wait_until(posted)
        pressed = await discord_standin.press_button(result["id"], "again:5")
        opened = await discord_standin.wait_for_interaction(pressed, lambda i: i.get("modal"))
        assert opened["modal"]["title"] == "Once more"
        upload = discord_standin.state.store_file(thread_id, "new.png", make_png(9, 9), ephemeral=True)
        sent = await discord_standin.submit_modal(pressed, prompt="mist", file=[upload.id])
        told = (await discord_standin.wait_for_interaction(sent, lambda i: i.get("message")))["message"]
        assert told["content"] == f"mist [{len(make_png(9, 9))}]"
        assert told["interaction_metadata"]["triggering_interaction_metadata"]["interacted_message_id"] == result["id"]
        assert [m["id"] for m in await discord_standin.list_messages_seen_by("ada", thread_id)] == [
            result["id"],
            told["id"],
        ]
        assert [m["id"] for m in await discord_standin.list_messages_seen_by("ben", thread_id)] == [result["id"]]


async def test_autocomplete_choices_follow_the_typed_text(discord_standin: DiscordStandIn) -> None:
    bot = CommandBot()

    @bot.tree.command(description="Choose.")
    async def style(interaction: discord.Interaction[CommandBot], name: str) -> None:
        await interaction.response.send_message(f"chosen: {name} in {interaction.locale}")

    @style.autocomplete("name")
    async def complete(_: Any, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n, value=n.lower()) for n in ("Anime", "Analog") if current in n.lower()]

    async with run_bot(bot):
        begun = await discord_standin.call_page_api("GET", "/client/bootstrap?user=ada")
        (command,) = begun["commands"][discord_standin.guild_id]
        option = {"name": "name", "type": 3, "value": "ani", "focused": True}
        data = {"id": command["id"], "name": "style", "type": 1, "options": [option]}
        asked = {"type": 4, "channel_id": discord_standin.channel_id, "data": data}
        typed = await discord_standin.call_page_api("POST", "/client/interactions?user=ada", asked)
        assert typed["choices"] == [{"name": "Anime", "value": "anime"}]
        sent = await discord_standin.invoke_command("style", {"name": "anime"}, locale="fr")
        answered = await discord_standin.wait_for_interaction(sent, lambda i: i.get("message"))
        assert answered["message"]["content"] == "chosen: anime in fr"


async def test_a_message_command_reads_its_target_without_the_message_content_intent(
    discord_standin: DiscordStandIn,
) -> None:
    bot = CommandBot()

    @bot.tree.context_menu(name="Use this picture")
    async def use(interaction: discord.Interaction[CommandBot], message: discord.Message) -> None:
        names = [attachment.filename for attachment in message.attachments]
        await interaction.response.send_message(f"{message.content} {names}", ephemeral=True)

    async with run_bot(bot):
        await discord_standin.call_page_api(
            "POST", f"/client/channels/{discord_standin.channel_id}/messages?user=ben", {"content": "look"}
        )
        target = (await discord_standin.list_messages_seen_by("ada"))[-1]
        asked = await discord_standin.call_page_api(
            "POST",
            "/client/interactions?user=ada",
            {
                "type": 2,
                "channel_id": discord_standin.channel_id,
                "data": {
                    "id": discord_standin.state.commands.list_commands(None)[0]["id"],
                    "type": 3,
                    "target_id": target["id"],
                },
            },
        )
        answered = await discord_standin.wait_for_interaction(asked["interaction_id"], lambda i: i.get("message"))
        assert answered["message"]["content"] == "look []"
        read = await discord_standin.call_rest_ok(
            "GET", f"/channels/{discord_standin.channel_id}/messages/{target['id']}"
        )
        assert read["content"] == ""


async def test_resolved_users_channels_and_roles_reach_the_handler(discord_standin: DiscordStandIn) -> None:
    bot = CommandBot()

    @bot.tree.command(description="Name them.")
    async def name(
        interaction: discord.Interaction[CommandBot],
        who: discord.Member,
        where: discord.TextChannel,
        what: discord.Role,
    ) -> None:
        seen = f"{who.name} {where.name} {what.name} {interaction.app_permissions.value}"
        await interaction.response.send_message(seen)

    async with run_bot(bot):
        state = discord_standin.state
        options = {
            "who": state.find_user("ben").id,
            "where": discord_standin.channel_id,
            "what": state.guild.member_role_id,
        }
        asked = await discord_standin.invoke_command("name", options)
        answered = await discord_standin.wait_for_interaction(asked, lambda i: i.get("message"))
        assert answered["message"]["content"] == "ben general Member 309237763072"


async def test_a_subcommand_of_a_group_is_found_by_its_words(discord_standin: DiscordStandIn) -> None:
    bot = CommandBot()
    group: app_commands.Group = app_commands.Group(name="team", description="Teams.")

    @group.command(description="Add.")
    async def add(interaction: discord.Interaction[CommandBot], number: float) -> None:
        await interaction.response.send_message(str(number))

    bot.tree.add_command(group)
    async with run_bot(bot):
        asked = await discord_standin.invoke_command("team add", {"number": 1.5})
        answered = await discord_standin.wait_for_interaction(asked, lambda i: i.get("message"))
        assert answered["message"]["content"] == "1.5"
        assert answered["message"]["interaction"]["name"] == "team add"


async def test_a_process_without_a_gateway_connection_can_post_with_the_token(discord_standin: DiscordStandIn) -> None:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login("demo-token")
        place = client.get_partial_messageable(int(discord_standin.channel_id), guild_id=int(discord_standin.guild_id))
        message = await place.send("hello", nonce="job-1")
        again = await place.send("hello", nonce="job-1")
        assert again.id == message.id


async def test_a_modal_that_one_bot_opened_is_submitted_to_the_next(discord_standin: DiscordStandIn) -> None:
    message = await discord_standin.post_message(
        content="x",
        components=[{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again:5"}]}],
    )
    async with run_bot(make_imagine_bot()):
        opened = await discord_standin.press_button(message["id"], "again:5")
        await discord_standin.wait_for_interaction(opened, lambda i: i["acknowledged"])
    bot, submitted = CommandBot(), []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        data: Any = interaction.data
        submitted.append((interaction.type, data["components"][0]["component"]["value"], interaction.message))
        await interaction.response.edit_message(content="taken on")

    async with run_bot(bot):
        sent = await discord_standin.submit_modal(opened, prompt="fog at dawn")
        answered = await discord_standin.wait_for_interaction(sent, lambda i: i["acknowledged"])

    ((kind, words, source),) = submitted
    assert (kind, words) == (discord.InteractionType.modal_submit, "fog at dawn")
    assert source is not None
    assert (answered["message"]["id"], answered["message"]["content"]) == (str(source.id), "taken on")
