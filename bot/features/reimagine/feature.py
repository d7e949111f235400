"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_message_command
from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore, JobHistory
from bot.explorations.several import PictureSubmitter
from bot.features.reimagine.command import ReimagineCommand, ReimagineModalId, ReopenReimagineId
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.routing import Route
from bot.results.reuse import ReuseRule
from bot.submission.preset_option import PresetOption
from bot.submission.syntax_question import SyntaxQuestion
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue


def build_reimagine_feature(
    validator: RequestValidator,
    pictures: PictureSubmitter,
    drafts: DraftStore,
    job_history: JobHistory,
    reuse_rule: ReuseRule,
    preset_option: PresetOption,
    catalogue: Catalogue,
) -> Feature:
    """Build the message command and the handler of its form."""
    command = ReimagineCommand(
        validator,
        pictures,
        drafts,
        RejectedForms(drafts),
        SyntaxQuestion(drafts),
        job_history,
        reuse_rule,
        preset_option,
        catalogue,
    )
    return Feature(
        commands=[build_message_command("reimagine", command.open_form)],
        routes=[Route(ReimagineModalId, command.submit_form), Route(ReopenReimagineId, command.reopen_form)],
    )
