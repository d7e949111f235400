"""What the tests' bot does in a conversation: results with buttons, pages, forms, direct messages, pings."""

import io
from typing import Any, Self

import discord
from discord import app_commands, ui
from PIL import Image

Asked = discord.Interaction[Any]
PAGES = ("harbour at dawn", "harbour at noon", "harbour at night")
DEEDS = (
    ("again", "Again", discord.ButtonStyle.primary),
    ("vary", "Vary", discord.ButtonStyle.secondary),
    ("edit", "Edit…", discord.ButtonStyle.secondary),
    ("upscale", "Upscale", discord.ButtonStyle.secondary),
    ("details", "Details", discord.ButtonStyle.secondary),
    ("write", "Write to me", discord.ButtonStyle.success),
    ("call", "Call me", discord.ButtonStyle.secondary),
    ("delete", "Delete", discord.ButtonStyle.danger),
)


def moving(kind: str = "WEBP") -> bytes:
    out = io.BytesIO()
    frames = [Image.linear_gradient("L").rotate(turn).resize((240, 160)).convert("RGB") for turn in (0, 90, 180)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=400, loop=0)
    return out.getvalue()


class Deed(ui.DynamicItem[ui.Button[Any]], template=r"deed:(?P<kind>[a-z]+):(?P<job>\d+)"):
    """A button under a result; all that it needs to know is in its custom_id."""

    def __init__(self, kind: str, job: str) -> None:
        label, style = next((label, style) for name, label, style in DEEDS if name == kind)
        disabled = kind == "upscale"
        super().__init__(ui.Button(label=label, style=style, custom_id=f"deed:{kind}:{job}", disabled=disabled))
        self.kind, self.job = kind, job

    @classmethod
    async def from_custom_id(cls, _: Any, __: Any, match: Any) -> Self:
        return cls(match["kind"], match["job"])

    async def callback(self, interaction: Asked) -> Any:
        answer = interaction.response
        match self.kind:
            case "edit":
                await answer.send_modal(Form())
            case "details":
                await answer.send_message(f"### Details\nSeed {self.job}", ephemeral=True)
            case "delete":
                await answer.defer()
                await interaction.delete_original_response()
            case "write":
                view = ui.View()
                view.add_item(ui.Button(label="Thanks", custom_id="thanks"))
                await interaction.user.send("Your picture is done.", view=view)
                await answer.defer()
            case "call":
                await answer.defer(thinking=True)
                allowed = discord.AllowedMentions(users=True)
                link = interaction.message.jump_url if interaction.message else ""
                text = f"{interaction.user.mention}, it took long. [To the picture]({link})"
                await interaction.followup.send(text, allowed_mentions=allowed)
            case _:
                await answer.defer(thinking=True)
                await interaction.followup.send(f"Another one from {self.job}.")


class Form(ui.Modal, title="Change the picture"):
    """Every kind of field that the other modal has not."""

    note: Any = ui.TextDisplay("What you leave empty stays as **it was**.")
    words: Any = ui.Label(
        text="Prompt", component=ui.TextInput(style=discord.TextStyle.paragraph, default="a harbour", max_length=200)
    )
    look: Any = ui.Label(
        text="Style",
        component=ui.Select(
            placeholder="As before",
            required=False,
            options=[discord.SelectOption(label=n, emoji="🎞️", description=f"Like {n}") for n in ("Anime", "Film")],
        ),
    )
    size: Any = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            required=False, options=[discord.RadioGroupOption(label=n, value=n) for n in ("Large", "Small")]
        ),
    )
    same: Any = ui.Label(text="Keep the seed", description="The same chance again", component=ui.Checkbox(default=True))

    async def on_submit(self, interaction: Asked) -> None:
        words, look, size, same = (label.component for label in (self.words, self.look, self.size, self.same))
        await interaction.response.send_message(f"{words.value} | {look.values} | {size.value} | {same.value}")


class Pages(ui.View):
    """One page after the other in one private message."""

    def __init__(self, at: int = 0) -> None:
        super().__init__(timeout=None)
        self.at = at
        self.before.disabled, self.after.disabled = at == 0, at == len(PAGES) - 1
        options = [discord.SelectOption(label=name, value=str(n)) for n, name in enumerate(PAGES)]
        pick: Any = self.pick
        pick.options = options

    @ui.button(label="Newer", custom_id="newer")
    async def before(self, interaction: Asked, _: ui.Button[Self]) -> None:
        await interaction.response.edit_message(content=PAGES[self.at - 1], view=Pages(self.at - 1))

    @ui.button(label="Older", custom_id="older")
    async def after(self, interaction: Asked, _: ui.Button[Self]) -> None:
        await interaction.response.edit_message(content=PAGES[self.at + 1], view=Pages(self.at + 1))

    @ui.select(placeholder="Go to", custom_id="pick", options=[discord.SelectOption(label="-")])
    async def pick(self, interaction: Asked, select: ui.Select[Any]) -> None:
        at = int(select.values[0])
        await interaction.response.edit_message(content=PAGES[at], view=Pages(at))


def result(job: str) -> ui.LayoutView:
    """Return the message of a result: a moving picture, its seed, a file, and eight buttons in two rows."""
    view = ui.LayoutView(timeout=None)
    rows: list[Any] = [ui.ActionRow(*(Deed(kind, job) for kind, *_ in part)) for part in (DEEDS[:4], DEEDS[4:])]
    gallery: Any = ui.MediaGallery(discord.MediaGalleryItem("attachment://lapse.webp", description="a harbour"))
    file: Any = ui.File("attachment://export.zip")
    view.add_item(ui.Container(gallery, ui.TextDisplay(f"Seed\n```\n{job}\n```"), file, *rows))
    return view


def join(client: discord.Client, tree: app_commands.CommandTree[Any]) -> None:
    """Give the bot these commands and buttons."""
    client.add_dynamic_items(Deed)

    @tree.command(name="result", description="Shows a result")
    async def show(interaction: Asked) -> None:
        files = [discord.File(io.BytesIO(moving()), "lapse.webp"), discord.File(io.BytesIO(b"PK"), "export.zip")]
        await interaction.response.send_message(view=result("7"), files=files)

    @tree.command(name="history", description="Pages through yours")
    async def history(interaction: Asked) -> None:
        await interaction.response.send_message(PAGES[0], view=Pages(), ephemeral=True)

    @tree.command(name="form", description="Opens a form")
    async def form(interaction: Asked) -> None:
        await interaction.response.send_modal(Form())

    @tree.command(name="settings", description="For moderators")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(interaction: Asked) -> None:
        await interaction.response.send_message("Set.", ephemeral=True)

    @tree.context_menu(name="Reimagine")
    async def reimagine(interaction: Asked, message: discord.Message) -> None:
        if len(message.attachments) < 2:
            await interaction.response.send_modal(Form())
            return
        select: Any = ui.Select(
            placeholder="Which picture?", options=[discord.SelectOption(label=a.filename) for a in message.attachments]
        )

        async def chosen(asked: Asked) -> None:
            await asked.response.edit_message(content=f"Taken: {select.values[0]}", view=None)

        select.callback = chosen
        view = ui.View()
        view.add_item(select)
        await interaction.response.send_message("There are several.", view=view, ephemeral=True)

    @client.event
    async def on_interaction(interaction: Asked) -> None:
        data: Any = interaction.data or {}
        if data.get("custom_id") == "thanks":
            await interaction.response.edit_message(content="You are welcome.", view=None)
