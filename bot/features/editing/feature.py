"""The commands and handlers that the feature adds to the bot."""

from collections.abc import Iterator
from functools import partial

from bot.discord_client.command_builder import Command, build_group, build_message_command
from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore, JobHistory
from bot.explorations.several import PictureSubmitter
from bot.features.editing.command import EditCommand
from bot.features.editing.custom_ids import (
    ChangeRegionId,
    ChooseEditId,
    EditFormId,
    RegionFormId,
    ReopenEditFormId,
    StartEditId,
)
from bot.features.editing.editor import Editor
from bot.features.editing.menu import EditMenu
from bot.features.editing.options import COMPLETED_OPTIONS, EDIT_OPTIONS, build_own_options
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.result_buttons import EditPictureId
from bot.interactions.routing import Route
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from bot.storage.images import SqlImageStore
from bot.submission.command_options import build_generation_command
from bot.submission.drafts import DraftImageLoader
from bot.submission.images import ImageFetcher
from bot.submission.source_option import SourceOption
from bot.submission.style_set_option import StyleSetOption
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue


def build_editing_feature(
    validator: RequestValidator,
    pictures: PictureSubmitter,
    image_fetcher: ImageFetcher,
    image_store: SqlImageStore,
    drafts: DraftStore,
    draft_images: DraftImageLoader,
    style_sets: StyleSetOption,
    source_option: SourceOption,
    job_history: JobHistory,
    result_lookup: ResultLookup,
    reuse_rule: ReuseRule,
    catalogue: Catalogue,
) -> Feature:
    """Build `/edit` with a subcommand for each operation on offer, and the command of a message's menu."""
    editor = Editor(validator, pictures, image_fetcher, image_store, drafts, style_sets, catalogue)
    forms = RejectedForms(drafts)
    handler = EditCommand(editor, source_option, pictures.submitter, draft_images, forms)
    menu = EditMenu(editor, drafts, forms, job_history, result_lookup, reuse_rule)
    subcommands = list(_build_subcommands(handler, style_sets, catalogue))
    groups = [build_group("edit", subcommands)] if subcommands else []  # Discord refuses one without subcommands
    return Feature(
        commands=[*groups, build_message_command("edit_picture", menu.offer_for_message)],
        routes=[
            Route(StartEditId, handler.start_edit),
            Route(ChangeRegionId, handler.open_region_form),
            Route(RegionFormId, handler.change_region),
            Route(EditPictureId, menu.offer_for_result),
            Route(ChooseEditId, menu.choose_operation),
            Route(EditFormId, menu.submit_form),
            Route(ReopenEditFormId, menu.reopen_form),
        ],
    )


def _build_subcommands(handler: EditCommand, style_sets: StyleSetOption, catalogue: Catalogue) -> Iterator[Command]:
    autocomplete = {
        "source": handler.source_option.autocomplete_source,
        "style_set": style_sets.autocomplete_picture,
    }
    for operation, names in EDIT_OPTIONS.items():
        model = catalogue.find_edit_model(operation)
        if model is None:
            continue
        yield build_generation_command(
            f"edit.{operation}",
            [name for name in names if name != "prompt" or model.reads_prompts],
            partial(handler.edit_picture, operation),
            catalogue,
            models=[model],
            own_options=build_own_options(model),
            autocomplete=autocomplete,
            completed=COMPLETED_OPTIONS,
        )
