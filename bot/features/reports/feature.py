"""The handlers that the feature adds to the bot."""

from bot.discord_client.feature import Feature
from bot.domain.notices import NoticeKind
from bot.features.reports.member import MemberReports
from bot.features.reports.moderator import ModeratorReports
from bot.features.reports.store import SqlReportStore
from bot.features.reports.view import ReportActionId, ReportFormId, ReportReasonId
from bot.interactions.access import Access
from bot.interactions.result_buttons import ReportId
from bot.interactions.routing import Route
from bot.results.deletion import ResultDeletion
from bot.storage.session import Database
from bot.submission.cancellation import JobCancellation


def build_reports_feature(database: Database, deletion: ResultDeletion, cancellation: JobCancellation) -> Feature:
    """Build the handlers of *Report*, and of the buttons below a report."""
    reports = SqlReportStore(database)
    member = MemberReports(reports, deletion.result_lookup)
    moderator = ModeratorReports(reports, deletion, cancellation)
    return Feature(
        routes=[
            Route(ReportId, member.open_form),
            Route(ReportFormId, member.send_report),
            Route(ReportActionId, moderator.act),
            Route(ReportReasonId, moderator.act_with_reason),
        ],
        access=Access.ALWAYS,
        notice_renderers={NoticeKind.REPORT: moderator.render_notice},
    )
