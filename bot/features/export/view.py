"""The last message of an export: a summary, and the button that continues it."""

from dataclasses import dataclass

from discord import ui

from bot.interactions.components import build_button, build_button_view
from bot.interactions.custom_ids import CustomId
from shared.i18n.messages import Messages


@dataclass(frozen=True)
class ContinueExportId(CustomId, template=r"export_continue:(?P<until>\d{1,12}):(?P<offset>\d{1,9})"):
    """Continues an export of the jobs before `until`, in Unix seconds, after the first `offset` of them."""

    until: int
    offset: int


@dataclass
class ExportProgress:
    """The progress of an export. `offset` counts the jobs before the next one, including earlier exports."""

    offset: int
    archive_count: int = 0
    job_count: int = 0
    picture_count: int = 0
    remaining_count: int = 0

    def count_job(self, *, has_picture: bool) -> None:
        """Count a job that was added to an archive."""
        self.offset += 1
        self.job_count += 1
        self.picture_count += has_picture
        self.remaining_count -= 1


def format_summary(progress: ExportProgress, messages: Messages) -> str:
    """Say how many jobs were sent, how many of them without a picture, and how many remain."""
    if not progress.job_count:
        return messages.text("export.nothing")
    lines = [messages.text("export.sent", count=progress.job_count, pictures=progress.picture_count)]
    if progress.job_count > progress.picture_count:
        lines.append(messages.text("export.without", count=progress.job_count - progress.picture_count))
    if progress.remaining_count > 0:
        lines.append(messages.text("export.left", count=progress.remaining_count))
    return "\n".join(lines)


def build_continue_view(until: int, progress: ExportProgress, messages: Messages) -> ui.View | None:
    """Build the button that continues the export; None if no jobs remain."""
    if progress.remaining_count <= 0:
        return None
    return build_button_view(build_button(ContinueExportId(until, progress.offset), messages.text("export.older")))
