"""The buttons and selects of batches, used without Discord."""

from typing import Any

from bot.batches.exporter import BatchExporter
from bot.features.batches.board_routes import build_board_routes
from bot.features.batches.cancellation import BatchCancellation
from bot.features.batches.export import ExportHandlers
from bot.features.batches.rerun import RerunHandlers
from bot.features.batches.rights import BatchRights
from bot.interactions.custom_ids import CustomId
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.session import Database
from bot.storage.teams import SqlTeamStore
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from tests.support.fake_stores import FakeDraftStore
from tests.support.round_world import use_component

EN = load_messages("en")


class OpenContext:
    """Lets anybody send in a batch."""

    def require_open(self, interaction: object) -> None:
        return


async def press(
    database: Database, catalogue: Catalogue, custom_id: CustomId, *values: str, user_id: int, **place: Any
) -> str:
    """Let somebody use a component of a batch; return all that they are shown."""
    store = SqlBatchStore(database, catalogue=catalogue)
    rights = BatchRights(store, SqlTeamStore(database))
    exporter = BatchExporter(store, SqlJobHistory(database), catalogue)
    nothing: Any = None
    context: Any = OpenContext()
    rerun = RerunHandlers(context, rights, nothing, nothing, nothing, nothing)
    validator = RequestValidator(catalogue, (), 1 << 20)
    routes = build_board_routes(
        store,
        rights,
        BatchCancellation(store, rights, SqlAuditLog(database)),
        validator,
        FakeDraftStore(),
        nothing,
        ExportHandlers(store, rights, exporter),
        rerun,
        catalogue,
    )
    (handler,) = (route.handler for route in routes if route.id_type is type(custom_id))
    interaction = await use_component(user_id, *values, **place)
    try:
        await handler(interaction, custom_id)
    except RejectedError as rejection:
        interaction.shown += EN.format_problems(rejection.problems)
    return "\n".join(interaction.shown)
