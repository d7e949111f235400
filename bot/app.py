"""The composition root: builds the features from the services, and runs the bot."""

import asyncio
import signal

from bot.background_tasks import build_background_tasks
from bot.discord_client.client import Bot
from bot.discord_client.feature import Feature
from bot.domain.shards import parse_shards
from bot.features.batches.feature import build_batches_feature
from bot.features.budgets.feature import build_budgets_feature
from bot.features.diagnose.feature import build_diagnose_feature
from bot.features.editing.feature import build_editing_feature
from bot.features.explore.feature import build_explore_feature
from bot.features.export.feature import build_export_feature
from bot.features.foreign_syntax.feature import build_foreign_syntax_feature
from bot.features.gallery.feature import build_gallery_feature
from bot.features.gallery.handlers import GalleryHandlers
from bot.features.gallery.store import SqlTopStore
from bot.features.gallery.top import TopCommand
from bot.features.help.feature import build_help_feature
from bot.features.help.view import OperatorFacts
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.lineage.feature import build_lineage_feature
from bot.features.moderation.audit import AuditCommands
from bot.features.moderation.delete import DeleteCommand
from bot.features.moderation.feature import build_moderation_feature
from bot.features.moderation.server_queue import ServerQueueCommands
from bot.features.preferences.feature import build_preferences_feature
from bot.features.presets.feature import build_presets_feature
from bot.features.privacy.feature import build_privacy_feature
from bot.features.provenance.feature import build_provenance_feature
from bot.features.queue.feature import build_queue_feature
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.reports.feature import build_reports_feature
from bot.features.result_actions.feature import build_details_feature, build_result_actions_feature
from bot.features.rounds.feature import build_rounds_feature
from bot.features.server_settings.feature import build_server_settings_feature
from bot.features.style_sets.feature import build_style_sets_feature
from bot.features.teams.feature import build_teams_feature
from bot.features.word_list.feature import build_word_list_feature
from bot.lifecycle import StartupError, run_unless_stopped, run_until_stopped
from bot.monitoring.setup import Monitoring
from bot.results.newest import NewestResultFinder
from bot.services import Services, open_services
from bot.settings import Settings
from bot.storage.engine import DatabaseSetupError
from shared.catalogue import Catalogue
from shared.tracing import Tracer


async def run_bot(settings: Settings, catalogue: Catalogue, tracer: Tracer) -> None:
    """Run the bot until SIGTERM, SIGINT or SIGHUP.

    Raises `StartupError`, `UnsupportedServerError` and `UnsupportedFormatError`.
    """
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    monitoring = Monitoring(settings.http_address)
    try:
        async with (
            open_services(settings, catalogue, tracer, monitoring.events) as services,
            monitoring.serve(services) as show_client,
        ):
            if not await run_unless_stopped(services.connect(), stop):
                return
            bot = Bot(
                build_features(services),
                services.preferences,
                services.guild_settings,
                services.access_rule,
                services.teams,
                leaves_other_guilds=settings.leave_other_servers,
                proxy=settings.proxies.choose_proxy(settings.discord_api_url),
                shards=parse_shards(settings.shards) if settings.shards else None,
                identify_gate=services.identify_gate,
                tracer=tracer,
                events=monitoring.events,
                http_trace=monitoring.http_trace,
            )
            show_client(bot)
            background_tasks = build_background_tasks(services, settings, bot, monitoring.health)
            await run_until_stopped(bot, settings.discord_token.get_secret_value(), background_tasks, stop)
    except DatabaseSetupError as error:
        raise StartupError(str(error)) from error


def build_features(services: Services) -> list[Feature]:
    """Build every feature, in the order in which their commands are registered."""
    s = services
    newest_results = NewestResultFinder(s.job_history, s.job_search)
    features = [
        build_imagine_feature(s.option_parser, s.pictures, s.drafts, s.job_history, s.catalogue),
        build_explore_feature(s.option_parser, s.exploration_confirmation, s.queue, s.moderation, s.catalogue),
        build_reimagine_feature(
            s.validator, s.pictures, s.drafts, s.job_history, s.reuse_rule, s.preset_option, s.catalogue
        ),
        build_result_actions_feature(
            s.submitter,
            s.result_lookup,
            s.deletion,
            s.reuse_rule,
            s.favourites,
            s.gallery,
            s.drafts,
            s.pictures,
            s.catalogue,
        ),
        build_details_feature(s.result_lookup, s.catalogue),
        build_provenance_feature(s.result_lookup, s.result_hashes, s.catalogue),
        build_foreign_syntax_feature(s.drafts, s.draft_images, s.pictures),
        build_preferences_feature(s.preferences, s.catalogue),
        build_queue_feature(s.queue, s.cancellation, s.catalogue),
        build_history_feature(
            s.job_search, s.saved_searches, s.job_history, s.queue, s.image_loader, s.thumbnail_loader, s.catalogue
        ),
        build_gallery_feature(
            GalleryHandlers(s.gallery, s.job_history, newest_results, s.preferences, s.audit_log),
            TopCommand(s.gallery, SqlTopStore(s.database), s.thumbnail_loader, s.catalogue),
        ),
        build_lineage_feature(
            s.job_history, newest_results, s.image_store, s.database, s.thumbnail_loader, s.catalogue
        ),
        build_export_feature(s.job_search, s.image_loader),
        build_privacy_feature(s.data_deletions),
        build_budgets_feature(s.budgets, s.ledger_reports, s.audit_log, s.teams, s.catalogue),
        build_batches_feature(
            s.batches,
            s.teams,
            s.budgets,
            s.audit_log,
            s.validator,
            s.drafts,
            s.job_history,
            s.reuse_rule,
            s.preset_option,
            s.team_option,
            s.batch_uploads,
            s.batch_drafter,
            s.call_paces,
            s.batch_messages,
            s.result_lookup,
            s.batch_exporter,
            s.batch_repeater,
            s.catalogue,
            approval_days=s.settings.batch_approval_days,
        ),
        build_teams_feature(s.teams, s.team_option, s.budgets, s.presets, s.style_sets, s.catalogue),
        build_moderation_feature(
            s.blocks,
            s.audit_log,
            s.cancellation,
            AuditCommands(s.audit_log, s.presets, s.catalogue),
            DeleteCommand(s.deletion, s.job_history, newest_results),
            ServerQueueCommands(
                s.guild_settings, s.paused_queues, s.queue, s.cancellation, s.ledger_reports, s.catalogue
            ),
        ),
        build_reports_feature(s.database, s.deletion, s.cancellation),
        build_word_list_feature(s.word_rules),
        build_rounds_feature(
            s.rounds,
            s.round_messages,
            s.submitter,
            s.drafts,
            s.reuse_rule,
            s.job_history,
            newest_results,
            s.queue,
            s.audit_log,
        ),
        build_server_settings_feature(s.guild_settings, s.presets, s.catalogue, s.settings.image_retention_days),
        build_help_feature(
            s.preferences,
            s.guild_settings,
            s.catalogue,
            OperatorFacts(
                s.settings.privacy_url,
                s.settings.source_url,
                s.settings.record_retention_days,
                s.settings.prompt_retention_days,
            ),
        ),
        build_presets_feature(s.presets, s.preset_option, s.job_history, newest_results, s.catalogue),
        build_editing_feature(
            s.validator,
            s.pictures,
            s.image_fetcher,
            s.image_store,
            s.drafts,
            s.draft_images,
            s.style_set_option,
            s.option_parser.source_option,
            s.job_history,
            s.result_lookup,
            s.reuse_rule,
            s.catalogue,
        ),
        build_style_sets_feature(s.style_sets, s.style_set_option, s.image_fetcher),
    ]
    diagnose = build_diagnose_feature(
        features, s.access_rule, s.validator.rules, s.queue, s.budgets, s.preferences, s.teams
    )
    return [*features, diagnose]
