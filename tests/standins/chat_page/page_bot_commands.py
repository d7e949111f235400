"""What the tests' bot does in a conversation: results with buttons, pages, forms, direct messages, pings."""

import io
from typing import Any, Self

import discord
from discord import app_commands, ui
from PIL import Image

AnyInteraction = discord.Interaction[Any]
PAGE_TEXTS = ("harbour at dawn", "harbour at noon", "harbour at night")
ACTIONS = (
    ("again", "Again", discord.ButtonStyle.primary),
    ("vary", "Vary", discord.ButtonStyle.secondary),
    ("edit", "Edit…", discord.ButtonStyle.secondary),
    ("upscale", "Upscale", discord.ButtonStyle.secondary),
    ("details", "Details", discord.ButtonStyle.secondary),
    ("write", "Write to me", discord.ButtonStyle.success),
    ("call", "Call me", discord.ButtonStyle.secondary),
    ("delete", "Delete", discord.ButtonStyle.danger),
)


def make_animation(kind: str = "WEBP") -> bytes:
    out = io.BytesIO()
    frames = [Image.linear_gradient("L").rotate(turn).resize((240, 160)).convert("RGB") for turn in (0, 90, 180)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=400, loop=0)
    return out.getvalue()


class ActionButton(ui.DynamicItem[ui.Button[Any]], template=r"deed:(?P<kind>[a-z]+):(?P<job>\d+)"):
    """A button under a result; all that it needs to know is in its custom_id."""

    def __init__(self, kind: str, job: str) -> None:
        label, style = next((label, style) for name, label, style in ACTIONS if name == kind)
        disabled = kind == "upscale"
        super().__init__(ui.Button(label=label, style=style, custom_id=f"deed:{kind}:{job}", disabled=disabled))
        self.action, self.job = kind, job

    @classmethod
    async def from_custom_id(cls, _: Any, __: Any, match: Any) -> Self:
        return cls(match["kind"], match["job"])

    async def callback(self, interaction: AnyInteraction) -> Any:
        answer = interaction.response
        match self.action:
            case "edit":
                await answer.send_modal(AllFieldsModal())
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


class AllFieldsModal(ui.Modal, title="Change the picture"):
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

    async def on_submit(self, interaction: AnyInteraction) -> None:
        words, look, size, same = (label.component for label in (self.words, self.look, self.size, self.same))
        await interaction.response.send_message(f"{words.value} | {look.values} | {size.value} | {same.value}")


class PagedView(ui.View):
    """One page after the other in one private message."""

    def __init__(self, at: int = 0) -> None:
        super().__init__(timeout=None)
        self.page_index = at
        self.show_previous.disabled, self.show_next.disabled = at == 0, at == len(PAGE_TEXTS) - 1
        options = [discord.SelectOption(label=name, value=str(n)) for n, name in enumerate(PAGE_TEXTS)]
        pick: Any = self.show_selected
        pick.options = options

    @ui.button(label="Newer", custom_id="newer")
    async def show_previous(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        await interaction.response.edit_message(
            content=PAGE_TEXTS[self.page_index - 1], view=PagedView(self.page_index - 1)
        )

    @ui.button(label="Older", custom_id="older")
    async def show_next(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        await interaction.response.edit_message(
            content=PAGE_TEXTS[self.page_index + 1], view=PagedView(self.page_index + 1)
        )

    @ui.select(placeholder="Go to", custom_id="pick", options=[discord.SelectOption(label="-")])
    async def show_selected(self, interaction: AnyInteraction, select: ui.Select[Any]) -> None:
        at = int(select.values[0])
        await interaction.response.edit_message(content=PAGE_TEXTS[at], view=PagedView(at))


def make_result(job: str) -> ui.LayoutView:
    """Return the message of a result: a moving picture, its seed, a file, and eight buttons in two rows."""
    view = ui.LayoutView(timeout=None)
    rows: list[Any] = [
        ui.ActionRow(*(ActionButton(kind, job) for kind, *_ in part)) for part in (ACTIONS[:4], ACTIONS[4:])
    ]
    gallery: Any = ui.MediaGallery(discord.MediaGalleryItem("attachment://lapse.webp", description="a harbour"))
    file: Any = ui.File("attachment://export.zip")
    view.add_item(ui.Container(gallery, ui.TextDisplay(f"Seed\n```\n{job}\n```"), file, *rows))
    return view


def register_commands(client: discord.Client, tree: app_commands.CommandTree[Any]) -> None:
    """Give the bot these commands and buttons."""
    client.add_dynamic_items(ActionButton)

    @tree.command(name="result", description="Shows a result")
    async def show(interaction: AnyInteraction) -> None:
        files = [
            discord.File(io.BytesIO(make_animation()), "lapse.webp"),
            discord.File(io.BytesIO(b"PK"), "export.zip"),
        ]
        await interaction.response.send_message(view=make_result("7"), files=files)

    @tree.command(name="history", description="Pages through yours")
    async def history(interaction: AnyInteraction) -> None:
        await interaction.response.send_message(PAGE_TEXTS[0], view=PagedView(), ephemeral=True)

    @tree.command(name="form", description="Opens a form")
    async def form(interaction: AnyInteraction) -> None:
        await interaction.response.send_modal(AllFieldsModal())

    @tree.command(name="settings", description="For moderators")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(interaction: AnyInteraction) -> None:
        await interaction.response.send_message("Set.", ephemeral=True)

    @tree.context_menu(name="Reimagine")
    async def reimagine(interaction: AnyInteraction, message: discord.Message) -> None:
        if len(message.attachments) < 2:
            await interaction.response.send_modal(AllFieldsModal())
            return
        select: Any = ui.Select(
            placeholder="Which picture?", options=[discord.SelectOption(label=a.filename) for a in message.attachments]
        )

        async def chosen(asked: AnyInteraction) -> None:
            await asked.response.edit_message(content=f"Taken: {select.values[0]}", view=None)

        select.callback = chosen
        view = ui.View()
        view.add_item(select)
        await interaction.response.send_message("There are several.", view=view, ephemeral=True)

    @client.event
    async def on_interaction(interaction: AnyInteraction) -> None:
        data: Any = interaction.data or {}
        if data.get("custom_id") == "thanks":
            await interaction.response.edit_message(content="You are welcome.", view=None)
