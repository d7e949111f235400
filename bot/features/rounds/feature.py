"""The commands and handlers that the feature adds to the bot."""

from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.ports import DraftStore
from bot.domain.rounds import ContestFormat
from bot.features.rounds.ballot import BallotHandlers
from bot.features.rounds.custom_ids import (
    BallotChoiceId,
    BallotPageId,
    ChangeEntryId,
    ClearBallotId,
    ContestSettingId,
    EntryFormId,
    FixedOptionsFormId,
    FixedOptionsId,
    ReopenEntryId,
    StartContestId,
    WithdrawEntryId,
)
from bot.features.rounds.download import DownloadHandler
from bot.features.rounds.drafts import ContestDrafts
from bot.features.rounds.entry import EntryHandlers
from bot.features.rounds.host import HostCommands
from bot.features.rounds.members import MemberHandlers
from bot.features.rounds.overview import OverviewCommands
from bot.features.rounds.start import StartCommand
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.result_buttons import RetryEntryId
from bot.interactions.routing import Route
from bot.queue.job_queue import RedisJobQueue
from bot.results.newest import NewestResultFinder
from bot.results.reuse import ReuseRule
from bot.rounds.ballot_sheets import BallotSheets
from bot.rounds.custom_ids import (
    DecideTieId,
    DownloadContestId,
    EnterRoundId,
    JoinRelayId,
    LeaveRelayId,
    RemindId,
    VoteId,
)
from bot.rounds.entries import EntrySubmitter
from bot.rounds.message_builder import RoundMessageBuilder
from bot.rounds.message_editor import RoundMessageEditor
from bot.storage.audit_log import SqlAuditLog
from bot.storage.job_history import SqlJobHistory
from bot.storage.round_stores import RoundStores
from bot.submission.submitter import JobSubmitter


def build_rounds_feature(
    stores: RoundStores,
    builder: RoundMessageBuilder,
    submitter: JobSubmitter,
    drafts: DraftStore,
    reuse_rule: ReuseRule,
    job_history: SqlJobHistory,
    newest_results: NewestResultFinder,
    queue: RedisJobQueue,
    audit_log: SqlAuditLog,
) -> Feature:
    """Build `/round`, for servers only, and the handlers of its panels and of the messages of contests."""
    pictures, editor = builder.pictures, RoundMessageEditor(stores, builder)
    contest_drafts = ContestDrafts(drafts, submitter.validator, reuse_rule, job_history)
    start = StartCommand(stores, contest_drafts, newest_results, submitter.image_fetcher, pictures)
    entries = EntryHandlers(
        stores, EntrySubmitter(submitter), RejectedForms(drafts), job_history, pictures, queue, editor
    )
    ballots = BallotHandlers(stores, BallotSheets(builder.thumbnails))
    host = HostCommands(stores, editor, audit_log)
    overview = OverviewCommands(stores, job_history, entries, editor)
    members = MemberHandlers(stores)
    downloads = DownloadHandler(stores, job_history, pictures)
    durations = dict.fromkeys(("entering", "voting", "turn"), start.autocomplete_duration)
    formats = [Choice(name=localize_choice("round_format", one), value=one.value) for one in ContestFormat]
    complete_open = {"contest": overview.autocomplete_open_contest}
    group = build_guild_group(
        "round",
        (
            build_command(
                "round.start",
                start.show_panel,
                autocomplete=durations | {"source": start.autocomplete_source},
                choices={"format": formats},
            ),
            build_command("round.status", overview.show_status, autocomplete=complete_open),
            build_command("round.list", overview.show_list),
            build_command(
                "round.results", overview.show_results, autocomplete={"contest": overview.autocomplete_contest}
            ),
            build_command(
                "round.extend", host.extend, autocomplete=complete_open | {"by": start.autocomplete_duration}
            ),
            build_command("round.close", host.close, autocomplete=complete_open),
            build_command("round.disqualify", host.disqualify, autocomplete=complete_open),
            build_command("round.cancel", host.cancel, autocomplete=complete_open),
        ),
    )
    return Feature(
        commands=[group],
        routes=[
            Route(ContestSettingId, start.change_setting),
            Route(FixedOptionsId, start.open_options),
            Route(FixedOptionsFormId, start.save_options),
            Route(StartContestId, start.start),
            Route(EnterRoundId, entries.open_form),
            Route(RetryEntryId, entries.open_retry_form),
            Route(EntryFormId, entries.submit_form),
            Route(ReopenEntryId, entries.reopen_form),
            Route(ChangeEntryId, entries.open_change_form),
            Route(WithdrawEntryId, entries.withdraw),
            Route(VoteId, ballots.open_ballot),
            Route(BallotPageId, ballots.show_page),
            Route(BallotChoiceId, ballots.choose),
            Route(ClearBallotId, ballots.clear),
            Route(DecideTieId, host.decide),
            Route(DownloadContestId, downloads.send_archives),
            Route(JoinRelayId, members.join_relay),
            Route(LeaveRelayId, members.leave_relay),
            Route(RemindId, members.toggle_reminder),
        ],
    )
