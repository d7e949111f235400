"""What the messages of contests show. Whatever is drawn before a round is over names no author of an entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from discord import ButtonStyle, SelectOption, ui

from bot.domain.ballots import Score, find_leaders, get_max_choices
from bot.domain.records import JobRecord
from bot.domain.round_phases import ENTRIES_PER_MESSAGE, REMINDED_PER_MESSAGE, get_entry_page
from bot.domain.rounds import (
    PHASE_KINDS,
    Contest,
    EndReason,
    EntryState,
    MessageKind,
    Phase,
    RoundEntry,
    RoundMessage,
    TieRule,
)
from bot.interactions.components import build_button, build_select
from bot.interactions.custom_ids import CustomId
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.layout import ActionRows
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.outcome_views import GENERATED_COLOUR
from bot.rounds.custom_ids import (
    DecideTieId,
    DownloadContestId,
    EnterRoundId,
    JoinRelayId,
    LeaveRelayId,
    RemindId,
    VoteId,
)
from bot.rounds.texts import (
    MAX_SCORES,
    format_author,
    format_fixed_options,
    format_points,
    format_scores,
    format_time,
    format_winner,
)
from shared.i18n.messages import Messages

MAX_TURNS: Final = 50
_THEME_LIMIT: Final = 300
_PROMPT_LIMIT: Final = 1500  # of all prompts in a message together


@dataclass(frozen=True)
class MessageFacts:
    """All that a message of a contest shows besides the contest.

    `entries` are those of the round, in the last message those of all rounds; `records` are the jobs of those that it
    names, by id. `scores` are those of the whole contest, `reminded_ids` the members who asked for the reminder.
    """

    entries: Sequence[RoundEntry] = ()
    records: Mapping[str, JobRecord] = field(default_factory=dict)
    scores: Sequence[Score] = ()
    reminded_ids: Sequence[int] = ()


@dataclass(frozen=True)
class RoundView:
    """The texts and buttons of a message, and whom it pings."""

    texts: Sequence[str]
    rows: ActionRows = ()
    pinged_ids: Sequence[int] = ()


def list_shown_entries(message: RoundMessage, entries: Sequence[RoundEntry]) -> list[RoundEntry]:
    """Return the entries whose pictures a message shows: those of its page, its own, or the winners."""
    entered = sorted(
        (entry for entry in entries if entry.state is EntryState.ENTERED and entry.number is not None),
        key=lambda entry: entry.number or 0,
    )
    match message.kind:
        case MessageKind.ENTRIES:
            return [entry for entry in entered if get_entry_page(entry) == message.page]
        case MessageKind.ENTRY:
            return [entry for entry in entered if entry.job_id == message.job_id]
        case MessageKind.RESULT:
            return [entry for entry in entered if entry.is_winner][:ENTRIES_PER_MESSAGE]
        case _:
            return []


def render_message(contest: Contest, message: RoundMessage, facts: MessageFacts, messages: Messages) -> RoundView:
    """Render a message in the language of the contest."""
    is_current = (PHASE_KINDS.get(contest.phase), contest.round_number) == (message.kind, message.round_number)
    renderer = _Renderer(contest, message, facts, messages, is_current=is_current)
    return _RENDERERS[message.kind](renderer)


def build_container(view: RoundView, galleries: Sequence[ui.MediaGallery[Any]], component_id: int) -> ui.LayoutView:
    """Build the message: its first text, the pictures, the other texts, and the buttons."""
    first, *others = view.texts
    parts: list[ui.Item[Any]] = [ui.TextDisplay(first), *galleries]
    parts += [ui.TextDisplay(text) for text in others]
    layout = ui.LayoutView(timeout=None)
    layout.add_item(ui.Container(*parts, *view.rows, accent_colour=GENERATED_COLOUR, id=component_id))
    return layout


@dataclass(frozen=True)
class _Renderer:
    contest: Contest
    message: RoundMessage
    facts: MessageFacts
    messages: Messages
    is_current: bool

    def render_entering(self) -> RoundView:
        contest, settings = self.contest, self.contest.settings
        kind = "relay" if settings.is_relay else "call"
        lines = [
            self._text(f"{kind}_until", deadline=self._format_deadline()) if self.is_current else "",
            self._text(f"{kind}_rule", count=settings.max_entries_per_member),
            self._text("entrant_role", role=f"<@&{settings.entrant_role_id}>") if settings.entrant_role_id else "",
            format_fixed_options(settings, self.messages),
            self._text("source") if contest.has_source and self.is_current else "",
        ]
        if settings.is_relay:
            buttons = [self._button(JoinRelayId, "join", ButtonStyle.success), self._button(LeaveRelayId, "leave")]
        else:
            buttons = [
                self._button(EnterRoundId, "enter", ButtonStyle.success),
                self._button(RemindId, "remind"),
            ]
        return RoundView([self._format_heading(), _join_lines(lines)], self._build_rows(*buttons))

    def render_entries(self) -> RoundView:
        shown = list_shown_entries(self.message, self.facts.entries)
        if self.contest.settings.is_relay:
            return RoundView([self._describe_winner(entry) for entry in shown] or [self._text("entry_gone")])
        numbers = ", ".join(str(entry.number) for entry in shown)
        if not shown:
            return RoundView([self._text("entry_gone")])
        return RoundView([f"**{self._text('entries', count=len(shown), numbers=numbers)}**"])

    def render_vote(self) -> RoundView:
        contest = self.contest
        kind = self.message.kind
        leaders = find_leaders(self.facts.entries)
        tied = ", ".join(str(entry.number) for entry in leaders)
        title = self._text(f"{kind}_title", numbers=tied)
        lines = [self._text(f"{kind}_until", deadline=self._format_deadline()) if self.is_current else ""]
        if kind is MessageKind.DECIDING:
            return RoundView([_join_lines([f"### {title}", *lines])], self._build_decision_rows(leaders))
        lines += [self._text("vote_rule", count=get_max_choices(contest)), self._format_tie_rule()]
        buttons = [self._button(VoteId, "vote", ButtonStyle.success)]
        if kind is MessageKind.VOTING:
            buttons.append(self._button(RemindId, "remind"))
        return RoundView([f"### {title}", _join_lines(lines)], self._build_rows(*buttons))

    def render_reminder(self) -> RoundView:
        first = self.message.page * REMINDED_PER_MESSAGE
        ids = self.facts.reminded_ids[first : first + REMINDED_PER_MESSAGE]
        mentions = " ".join(f"<@{user_id}>" for user_id in ids)
        what = "vote" if self.contest.phase is Phase.VOTING else "enter"
        return RoundView([f"{self._text(f'reminder_{what}', deadline=self._format_deadline())} {mentions}"], (), ids)

    def render_turn(self) -> RoundView:
        user_id = self.message.user_id or 0
        lines = [
            self._text("turn", user=f"<@{user_id}>"),
            self._text("turn_until", deadline=self._format_deadline()) if self.is_current else "",
        ]
        buttons = [self._button(EnterRoundId, "turn", ButtonStyle.success), self._button(LeaveRelayId, "leave")]
        return RoundView([_join_lines(lines)], self._build_rows(*buttons), [user_id] if self.is_current else [])

    def render_result(self) -> RoundView:
        winners = list_shown_entries(self.message, self.facts.entries)
        title = f"### {self._text('result_title', number=self.message.round_number)}"
        if not winners:
            is_last = self.message.round_number == self.contest.settings.rounds
            return RoundView([f"{title}\n{self._text('nobody_won_last' if is_last else 'nobody_won')}"])
        texts = [title, *(self._describe_winner(entry) for entry in winners)]
        return RoundView(texts, (), [entry.author_id for entry in winners if entry.author_id])

    def render_scores(self) -> RoundView:
        """Show the winner of each round, the table of points, and a button for everything as files."""
        contest, facts = self.contest, self.facts
        title = self._text("closing_title", theme=self._format_theme())
        if contest.settings.is_relay:
            turns = sorted(facts.entries, key=lambda entry: entry.number or 0)
            texts = [_join_lines([format_author(entry, self.messages) for entry in turns[:MAX_TURNS]])]
        else:
            winners = [entry for entry in facts.entries if entry.is_winner][:MAX_SCORES]
            texts = [
                _join_lines([format_winner(entry, self.messages) for entry in winners]),
                format_scores(facts.scores, self.messages),
            ]
        button = build_button(DownloadContestId(contest.id, 0), self._text("button_download"))
        rows = [ui.ActionRow[Any](button)] if facts.entries else []
        return RoundView([f"## {title}", *(list(filter(None, texts)) or [self._text("thanks")])], rows)

    def render_missing_permission(self) -> RoundView:
        thread = f"<#{self.contest.thread_id}>"
        return RoundView([self._text("cannot_post", theme=self._format_theme(), thread=thread)])

    def render_end(self) -> RoundView:
        reason = self.contest.end_reason or EndReason.CANCELLED
        return RoundView([self._text(f"ended_{reason}", theme=self._format_theme())])

    def _describe_winner(self, entry: RoundEntry) -> str:
        """Say whose entry it is, its prompt and seed, and in a vote its points."""
        record = self.facts.records.get(entry.job_id)
        facts = [format_author(entry, self.messages)]
        if not self.contest.settings.is_relay:
            facts.append(format_points(entry, self.messages))
        if record is not None and record.seed is not None:
            facts.append(f"{self.messages.get_option_name('seed')} {record.seed}")
        lines = [" · ".join(filter(None, facts))]
        if record is not None and record.job.request.text_prompts:
            limit = _PROMPT_LIMIT // max(1, len(self.facts.records))
            prompt = escape_markdown(format_request_prompt(record.job.request), limit)
            lines.append(self.messages.text("language.quoted", words=prompt))
        return "\n".join(lines)

    def _format_heading(self) -> str:
        contest, theme = self.contest, self._format_theme()
        if contest.settings.rounds == 1:
            return f"## {theme}"
        number = self._text("round_of", number=self.message.round_number, count=contest.settings.rounds)
        return f"## {number} · {theme}"

    def _format_theme(self) -> str:
        return escape_markdown(self.contest.settings.theme, _THEME_LIMIT)

    def _format_deadline(self) -> str:
        return format_time(self.contest.deadline or self.message.created_at)

    def _format_tie_rule(self) -> str:
        rule = self.contest.settings.tie_rule
        is_runoff = self.message.kind is MessageKind.RUNOFF
        return self._text(f"tie_{TieRule.SHARED if is_runoff else rule}")

    def _button(
        self, build_id: Callable[[str], CustomId], label: str, style: ButtonStyle = ButtonStyle.secondary
    ) -> ui.Button[Any]:
        return build_button(build_id(self.contest.id), self._text(f"button_{label}"), style=style)

    def _build_rows(self, *buttons: ui.Button[Any]) -> ActionRows:
        return [ui.ActionRow(*buttons)] if buttons and self.is_current else []

    def _build_decision_rows(self, leaders: Sequence[RoundEntry]) -> ActionRows:
        """Build the select in which a moderator decides a tie."""
        options = [
            SelectOption(label=self._text("entries", count=1, numbers=str(entry.number)), value=str(entry.number))
            for entry in leaders[:SELECT_OPTIONS_LIMIT]
        ]
        if not options or not self.is_current:
            return []
        custom_id = DecideTieId(self.contest.id, self.message.round_number)
        return [ui.ActionRow(build_select(custom_id, self._text("decide"), options))]

    def _text(self, key: str, **facts: Any) -> str:
        return self.messages.text(f"round.{key}", **facts)


_RENDERERS: Final[Mapping[MessageKind, Callable[[_Renderer], RoundView]]] = {
    MessageKind.ENTERING: _Renderer.render_entering,
    MessageKind.ENTRY: _Renderer.render_entries,
    MessageKind.ENTRIES: _Renderer.render_entries,
    MessageKind.VOTING: _Renderer.render_vote,
    MessageKind.REMINDER: _Renderer.render_reminder,
    MessageKind.RUNOFF: _Renderer.render_vote,
    MessageKind.DECIDING: _Renderer.render_vote,
    MessageKind.TURN: _Renderer.render_turn,
    MessageKind.RESULT: _Renderer.render_result,
    MessageKind.CLOSING_STRIP: _Renderer.render_scores,
    MessageKind.ENDED: _Renderer.render_end,
    MessageKind.CHANNEL_GONE: _Renderer.render_end,
    MessageKind.CANNOT_POST: _Renderer.render_missing_permission,
}


def _join_lines(lines: Sequence[str]) -> str:
    return "\n".join(filter(None, lines))
