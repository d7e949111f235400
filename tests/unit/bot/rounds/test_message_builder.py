"""The last message of a contest is built from the entries that took part."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from bot.domain.rounds import ContestFormat, EntryState, MessageKind, RoundEntry, RoundMessage
from bot.rounds.message_builder import RoundMessageBuilder
from shared.i18n.messages import load_messages
from tests.support.builders import NOON
from tests.support.rounds import CONTEST_ID, make_contest, make_entry

EN = load_messages("en")
AUTHOR = 201
TRIES = [
    make_entry(1, author_id=AUTHOR, state=EntryState.FAILED),
    replace(make_entry(1, author_id=AUTHOR), job_id="2"),
]


async def list_entries(contest_id: str, *, round_number: int | None = None) -> list[RoundEntry]:
    assert (contest_id, round_number) == (CONTEST_ID, None)
    return TRIES


async def find_nothing(*_: object) -> dict[str, bytes]:
    return {}


async def test_the_last_message_of_a_relay_names_each_turn_once_however_often_it_was_tried() -> None:
    stores: Any = SimpleNamespace(contests=SimpleNamespace(list_entries=list_entries))
    history: Any = SimpleNamespace(find_jobs=find_nothing)
    pictures: Any = SimpleNamespace(image_store=None)
    thumbnails: Any = SimpleNamespace(load_thumbnails=find_nothing)
    client: Any = None
    builder = RoundMessageBuilder(stores, history, pictures, thumbnails)
    message = RoundMessage(CONTEST_ID, 1, MessageKind.CLOSING_STRIP, 1, NOON)

    built = await builder.build_message(client, make_contest(format=ContestFormat.RELAY), message, "nonce")

    view: Any = built.payload["view"]
    assert str(view.to_components()).count(EN.text("round.by", number=1, user=f"<@{AUTHOR}>")) == 1
