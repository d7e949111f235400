"""Voting: each member has a private ballot, which is saved with each choice and can be changed until the vote closes.

Nothing here is logged: the choices of a member are known to the table of ballots and to the member alone.
"""

import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.ballots import get_max_choices
from bot.domain.rounds import VOTING_PHASES, Contest
from bot.features.rounds.access import find_contest_here, require_voter
from bot.features.rounds.ballot_view import SHEET_FILENAME, build_ballot_view, count_pages, get_page
from bot.features.rounds.custom_ids import BallotChoiceId, BallotPageId, ClearBallotId
from bot.interactions.components import get_selected_value, parse_selected_number
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.rounds.ballot_sheets import BallotSheets
from bot.rounds.custom_ids import VoteId
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class BallotHandlers:
    """Shows and saves ballots."""

    stores: RoundStores
    sheets: BallotSheets

    async def open_ballot(self, interaction: discord.Interaction, custom_id: VoteId) -> None:
        """Show the member's ballot."""
        await respond_with(interaction, partial(self._render, interaction, custom_id.contest_id, 0))

    async def show_page(self, interaction: discord.Interaction, custom_id: BallotPageId) -> None:
        """Show another page of the entries."""
        await update_message(interaction, partial(self._render, interaction, custom_id.contest_id, custom_id.page))

    async def choose(self, interaction: discord.Interaction, custom_id: BallotChoiceId) -> None:
        """Save a choice, and show the ballot as it is then."""
        number = parse_selected_number(get_selected_value(interaction))

        async def save() -> None:
            contest = await self._find_vote(interaction, custom_id.contest_id)
            ballot = await self.stores.ballots.load_ballot(contest.id, interaction.user.id)
            choices = place_choice(ballot.choices if ballot else (), number, custom_id.rank)
            await self.stores.ballots.save_ballot(
                contest.id,
                interaction.user.id,
                choices[: get_max_choices(contest)],
                phase=custom_id.phase,
                round_number=custom_id.round_number,
            )

        await self._change(interaction, custom_id.contest_id, custom_id.page, save)

    async def clear(self, interaction: discord.Interaction, custom_id: ClearBallotId) -> None:
        """Take the ballot back."""

        async def delete() -> None:
            contest = await self._find_vote(interaction, custom_id.contest_id)
            await self.stores.ballots.delete_ballot(contest.id, interaction.user.id)

        await self._change(interaction, custom_id.contest_id, 0, delete)

    async def _change(
        self, interaction: discord.Interaction, contest_id: str, page: int, change: Callable[[], Awaitable[None]]
    ) -> None:
        async def change_and_render() -> RenderedMessage:
            await change()
            return await self._render(interaction, contest_id, page)

        await update_message(interaction, change_and_render)

    async def _render(self, interaction: discord.Interaction, contest_id: str, page: int) -> RenderedMessage:
        contest = await self._find_vote(interaction, contest_id)
        user_id = interaction.user.id
        candidates = await self.stores.ballots.list_candidates(contest)
        if all(entry.author_id == user_id for entry in candidates):
            raise RejectedError(make_problem("round_only_own_entries"))
        ballot = await self.stores.ballots.load_ballot(contest.id, user_id)
        page = min(page, count_pages(candidates) - 1)
        sheet = await self.sheets.draw_sheet(interaction.client, get_page(candidates, page))
        view = build_ballot_view(
            contest,
            candidates,
            ballot.choices if ballot else (),
            page,
            get_localized_messages(interaction),
            user_id=user_id,
        )
        return RenderedMessage(view, [discord.File(io.BytesIO(sheet), filename=SHEET_FILENAME)])

    async def _find_vote(self, interaction: discord.Interaction, contest_id: str) -> Contest:
        """Find a contest in which the member may vote now. Raises `RejectedError`."""
        contest = await find_contest_here(self.stores, interaction, contest_id)
        if contest.phase not in VOTING_PHASES:
            raise RejectedError(make_problem("round_vote_over"))
        require_voter(interaction, contest)
        return contest


def place_choice(choices: Sequence[int], number: int, rank: int) -> tuple[int, ...]:
    """Return the choices with this entry as the one of a rank, which counts from 1; an entry has one rank."""
    kept = [None if choice == number else choice for choice in choices]
    if rank <= len(kept):
        kept[rank - 1] = number
    else:
        kept.append(number)
    return tuple(choice for choice in kept if choice is not None)
