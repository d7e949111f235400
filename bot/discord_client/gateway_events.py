"""Events of the gateway that discord.py cannot read: they are skipped, where discord.py itself would end the client."""

import logging
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, Final

import discord

from shared.errors import PentimentoError

log = logging.getLogger(__name__)

Parser = Callable[[Any], None]

_SESSION_EVENT: Final = "READY"  # without it there is no session to go on with


class UnreadableSessionError(PentimentoError):
    """discord.py cannot read the event with which a session begins."""


def skip_unreadable_events(parsers: MutableMapping[str, Parser]) -> None:
    """Replace discord.py's parsers, by the names of their events, with ones that log an unreadable event and go on.

    That of READY raises `UnreadableSessionError`. An event's data is not logged: an interaction has its token there.
    """
    for name, parse in parsers.items():
        parsers[name] = partial(_parse_event, name, parse)


def _parse_event(name: str, parse: Parser, data: Any) -> None:
    try:
        parse(data)
    except Exception as error:
        version = discord.__version__
        if name == _SESSION_EVENT:
            raise UnreadableSessionError(f"discord.py {version} cannot read Discord's event {name}") from error
        log.exception("discord.py %s cannot read an event %s of Discord; it is skipped", version, name)
