"""Whose turn it is in a relay."""

import random
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.rounds import Participant, TurnOrder


def list_turn_order(participants: Sequence[Participant], order: TurnOrder, rng: random.Random) -> list[Participant]:
    """Return the participants with the positions in which they take turns; those who join later come last."""
    members = sorted(participants, key=lambda member: member.position)
    if order is TurnOrder.DRAWN:
        rng.shuffle(members)
    return [replace(member, position=position) for position, member in enumerate(members, 1)]


def find_next_participant(participants: Sequence[Participant], user_id: int | None) -> tuple[Participant, bool] | None:
    """Return who comes after a user, and whether that begins a new round; None if all have left.

    `user_id` is None at the start.
    """
    present = sorted((member for member in participants if not member.has_left), key=lambda member: member.position)
    if not present:
        return None
    last = next((member.position for member in participants if member.user_id == user_id), None)
    if last is None:
        return present[0], False
    later = [member for member in present if member.position > last]
    return (later[0], False) if later else (present[0], True)
