"""A small real bot for the tests of the chat page: one command with options of many types, a modal, a V2 answer."""

import asyncio
import io
import os
import sys

import discord
from discord import app_commands, ui

from tests.demo.page import page_talk

discord.http.Route.BASE = f"{os.environ['STAND_IN']}/api/v10"
SEED = 3141592653
MODELS = ("SD 3.5 Large", "SDXL 1.0", "Stable Image Core", "Stable Image Ultra")
FRENCH = {"paint": "peindre", "prompt": "invite", "Paints a picture": "Peint une image", "Film": "Pellicule"}

client = discord.AutoShardedClient(
    intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none()
)
tree = app_commands.CommandTree(client)


class French(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        _: app_commands.TranslationContextTypes,
    ) -> str | None:
        return FRENCH.get(string.message) if locale is discord.Locale.french else None


class Change(ui.Modal, title="Change it"):
    prompt: ui.Label["Change"] = ui.Label(
        text="Words", description="What it becomes", component=ui.TextInput(max_length=40, min_length=3)
    )
    size: ui.Label["Change"] = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            options=[discord.RadioGroupOption(label=n, value=n.lower()) for n in ("Large", "Small")]
        ),
    )
    style: ui.Label["Change"] = ui.Label(
        text="Look",
        component=ui.Select(options=[discord.SelectOption(label=n) for n in ("Anime", "Film")], required=False),
    )
    extras: ui.Label["Change"] = ui.Label(
        text="Extras",
        component=ui.CheckboxGroup(
            options=[discord.CheckboxGroupOption(label=n) for n in ("Frame", "Grain")], required=False
        ),
    )
    file: ui.Label["Change"] = ui.Label(text="Other picture", component=ui.FileUpload(required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        words, size, style, extras, file = (
            label.component for label in self.walk_children() if isinstance(label, ui.Label)
        )
        assert isinstance(words, ui.TextInput)
        assert isinstance(size, ui.RadioGroup)
        assert isinstance(style, ui.Select)
        assert isinstance(extras, ui.CheckboxGroup)
        assert isinstance(file, ui.FileUpload)
        files = ",".join(attachment.filename for attachment in file.values)
        text = f"Changed: {words.value} | {size.value} | {style.values} | {extras.values} | {files}"
        await interaction.response.send_message(text, ephemeral=True)


class Result(ui.LayoutView):
    """The answer in the thread: the picture, the seed to copy, three buttons and a select."""

    def __init__(self, prompt: str, picture: str) -> None:
        super().__init__(timeout=None)
        row: ui.ActionRow[Result] = ui.ActionRow()
        for label, callback in (("Change", self.change), ("Again", self.again), ("Silent", self.silent)):
            button: ui.Button[Result] = ui.Button(label=label, style=discord.ButtonStyle.primary)
            button.callback = callback  # type: ignore[method-assign]
            row.add_item(button)
        self.select = select = ui.Select[Result](
            placeholder="Try a look", options=[discord.SelectOption(label=n) for n in ("Anime", "Film")]
        )
        select.callback = self.chosen  # type: ignore[method-assign]
        gallery: ui.MediaGallery[Result] = ui.MediaGallery(
            discord.MediaGalleryItem(f"attachment://{picture}", description=prompt)
        )
        self.count = ui.TextDisplay[Result]("made once")
        seed = ui.TextDisplay[Result](f"Seed\n```\n{SEED}\n```")
        self.add_item(
            ui.Container(gallery, seed, self.count, row, ui.ActionRow(select), accent_colour=discord.Colour.blurple())
        )

    async def change(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Change())

    async def again(self, interaction: discord.Interaction) -> None:
        self.count.content = "made twice"
        await interaction.response.edit_message(view=self)

    async def silent(self, interaction: discord.Interaction) -> None:
        """Leave the interaction without an answer."""

    async def chosen(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Chosen: {self.select.values}", ephemeral=True)


@tree.command(name="paint", description="Paints a picture")
@app_commands.choices(style=[app_commands.Choice(name=n, value=n.lower()) for n in ("Anime", "Film", "Pixel art")])
async def paint(
    interaction: discord.Interaction,
    prompt: app_commands.Range[str, 3, 60],
    image: discord.Attachment | None = None,
    mask: discord.Attachment | None = None,
    style: str = "",
    keep: app_commands.Range[int, 0, 100] = 35,
    guidance: app_commands.Range[float, 0.0, 35.0] = 7.0,
    model: str = "",
    loud: bool = False,
    friend: discord.User | None = None,
    where: discord.TextChannel | None = None,
) -> None:
    """Think, say what was asked, open a thread and post the picture there."""
    await interaction.response.defer()
    given = [prompt, style, str(keep), str(guidance), model, str(loud), friend and friend.name, where and where.name]
    message = await interaction.edit_original_response(content="Waiting…")
    await message.edit(content=" | ".join(str(value) for value in given))
    assert isinstance(interaction.channel, discord.TextChannel)
    partial = interaction.channel.get_partial_message(message.id)
    thread = await partial.create_thread(name=prompt)
    data = await image.read() if image else b""
    name = f"{'masked-' if mask else ''}picture.png"
    await thread.send(view=Result(prompt, name), file=discord.File(io.BytesIO(data), name))


@paint.autocomplete("model")
async def models(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    found = [name for name in MODELS if current.lower() in name.lower()]
    return [app_commands.Choice(name=name, value=name.upper()) for name in found]


@tree.command(name="whisper", description="Answers you alone")
async def whisper(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("**Only** for your eyes.", ephemeral=True)


@tree.command(name="mute", description="Never answers")
async def mute(_: discord.Interaction) -> None:
    """Leave the interaction without an answer."""


preset = app_commands.Group(name="preset", description="Your presets")


@preset.command(name="save", description="Saves a preset")
async def save(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"Saved {name}.")


@tree.context_menu(name="Use this picture")
async def use_picture(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Using “{message.content}”.", ephemeral=True)


@client.event
async def on_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def main() -> None:
    tree.add_command(preset)
    page_talk.join(client, tree)
    async with client:
        await client.login(os.environ["TOKEN"])
        await tree.set_translator(French())
        await tree.sync()
        await client.connect()


asyncio.run(main())
