"""A small real bot for the tests of the chat page: one command with options of many types, a modal, a V2 answer."""

import asyncio
import io
import os
import sys

import discord
from discord import app_commands, ui

from tests.standins.chat_page import page_bot_commands

discord.http.Route.BASE = f"{os.environ['STAND_IN']}/api/v10"
SEED = 3141592653
MODELS = ("SD 3.5 Large", "SDXL 1.0", "Stable Image Core", "Stable Image Ultra")
FRENCH_NAMES = {"paint": "peindre", "prompt": "invite", "Paints a picture": "Peint une image", "Film": "Pellicule"}

client = discord.AutoShardedClient(
    intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none()
)
tree = app_commands.CommandTree(client)


class FrenchTranslator(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        _: app_commands.TranslationContextTypes,
    ) -> str | None:
        return FRENCH_NAMES.get(string.message) if locale is discord.Locale.french else None


class ChangeModal(ui.Modal, title="Change it"):
    prompt: ui.Label["ChangeModal"] = ui.Label(
        text="Words", description="What it becomes", component=ui.TextInput(max_length=40, min_length=3)
    )
    size: ui.Label["ChangeModal"] = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            options=[discord.RadioGroupOption(label=n, value=n.lower()) for n in ("Large", "Small")]
        ),
    )
    style: ui.Label["ChangeModal"] = ui.Label(
        text="Look",
        component=ui.Select(options=[discord.SelectOption(label=n) for n in ("Anime", "Film")], required=False),
    )
    extras: ui.Label["ChangeModal"] = ui.Label(
        text="Extras",
        component=ui.CheckboxGroup(
            options=[discord.CheckboxGroupOption(label=n) for n in ("Frame", "Grain")], required=False
        ),
    )
    file: ui.Label["ChangeModal"] = ui.Label(text="Other picture", component=ui.FileUpload(required=False))

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


class ResultView(ui.LayoutView):
    """The answer in the thread: the picture, the seed to copy, three buttons and a select."""

    def __init__(self, prompt: str, picture: str) -> None:
        super().__init__(timeout=None)
        row: ui.ActionRow[ResultView] = ui.ActionRow()
        for label, callback in (
            ("Change", self.open_change_modal),
            ("Again", self.repeat_paint),
            ("Silent", self.leave_unanswered),
        ):
            button: ui.Button[ResultView] = ui.Button(label=label, style=discord.ButtonStyle.primary)
            button.callback = callback  # type: ignore[method-assign]
            row.add_item(button)
        self.select = select = ui.Select[ResultView](
            placeholder="Try a look", options=[discord.SelectOption(label=n) for n in ("Anime", "Film")]
        )
        select.callback = self.show_choice  # type: ignore[method-assign]
        gallery: ui.MediaGallery[ResultView] = ui.MediaGallery(
            discord.MediaGalleryItem(f"attachment://{picture}", description=prompt)
        )
        self.count = ui.TextDisplay[ResultView]("made once")
        seed = ui.TextDisplay[ResultView](f"Seed\n```\n{SEED}\n```")
        self.add_item(
            ui.Container(gallery, seed, self.count, row, ui.ActionRow(select), accent_colour=discord.Colour.blurple())
        )

    async def open_change_modal(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(ChangeModal())

    async def repeat_paint(self, interaction: discord.Interaction) -> None:
        self.count.content = "made twice"
        await interaction.response.edit_message(view=self)

    async def leave_unanswered(self, interaction: discord.Interaction) -> None:
        """Leave the interaction without an answer."""

    async def show_choice(self, interaction: discord.Interaction) -> None:
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
    await thread.send(view=ResultView(prompt, name), file=discord.File(io.BytesIO(data), name))


@paint.autocomplete("model")
async def complete_models(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    found = [name for name in MODELS if current.lower() in name.lower()]
    return [app_commands.Choice(name=name, value=name.upper()) for name in found]


@tree.command(name="whisper", description="Answers you alone")
async def whisper(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("**Only** for your eyes.", ephemeral=True)


@tree.command(name="mute", description="Never answers")
async def stay_silent(_: discord.Interaction) -> None:
    """Leave the interaction without an answer."""


preset = app_commands.Group(name="preset", description="Your presets")


@preset.command(name="save", description="Saves a preset")
async def save_preset(interaction: discord.Interaction, name: str) -> None:
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
    page_bot_commands.register_commands(client, tree)
    async with client:
        await client.login(os.environ["TOKEN"])
        await tree.set_translator(FrenchTranslator())
        await tree.sync()
        await client.connect()


asyncio.run(main())
