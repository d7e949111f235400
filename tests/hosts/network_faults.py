"""What is cut, in which direction, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tests.hosts.hosts import WORKERS

Drops = tuple[tuple[str, str], ...]
"""Packets from the first host are dropped where they arrive at the second."""

DURATIONS: Final = (5, 40, 90)
ONE_WAY_SECONDS: Final = 20
CUT_CALL_SECONDS: Final = 40
LOSS_SECONDS: Final = 30


@dataclass(frozen=True)
class NetworkFault:
    """A cut, or a loss of a share of the packets. With `awaits_call`, it begins while a paid call is running."""

    name: str
    drops: Drops
    seconds: float
    share: float = 1.0
    awaits_call: bool = False


def _link(ones: tuple[str, ...], other: str) -> Drops:
    return tuple(drop for one in ones for drop in ((one, other), (other, one)))


def _cut_link(one: str, other: str, hosts: tuple[str, ...], host: str) -> list[NetworkFault]:
    """Cut both directions for each duration, then each direction alone."""
    to, back = tuple((name, host) for name in hosts), tuple((host, name) for name in hosts)
    return [
        *(NetworkFault(f"{one} – {other}", _link(hosts, host), seconds) for seconds in DURATIONS),
        NetworkFault(f"{one} → {other}", to, ONE_WAY_SECONDS),
        NetworkFault(f"{other} → {one}", back, ONE_WAY_SECONDS),
    ]


_EVERY_LINK: Final = (
    *_link(("bot", *WORKERS), "redis"),
    *_link(("bot",), "postgresql"),
    *_link(("bot",), "discord"),
    *_link(WORKERS, "bedrock"),
)

FAULTS: Final[Mapping[str, list[NetworkFault]]] = MappingProxyType(
    {
        "bot-redis": _cut_link("bot", "Redis", ("bot",), "redis"),
        "worker-redis": _cut_link("one worker", "Redis", WORKERS[:1], "redis"),
        "bot-postgresql": _cut_link("bot", "PostgreSQL", ("bot",), "postgresql"),
        "workers-bedrock": _cut_link("workers", "Bedrock", WORKERS, "bedrock"),
        "bot-discord": _cut_link("bot", "Discord", ("bot",), "discord"),
        "loss-and-calls": [
            NetworkFault("10 % of all packets", _EVERY_LINK, LOSS_SECONDS, share=0.1),
            NetworkFault("30 % of all packets", _EVERY_LINK, LOSS_SECONDS, share=0.3),
            *(
                NetworkFault(f"{name} during calls", drops, CUT_CALL_SECONDS, awaits_call=True)
                for name, drops in (
                    ("workers – Bedrock", _link(WORKERS, "bedrock")),
                    ("workers – Redis", _link(WORKERS, "redis")),
                    ("Redis → workers", tuple(("redis", worker) for worker in WORKERS)),
                )
            ),
        ],
    }
)
"""By groups, each of which has hosts of its own. Among the replies lost during calls are those to stored results."""

SHORT_FAULTS: Final = (
    NetworkFault("bot – Redis", _link(("bot",), "redis"), 5),
    NetworkFault("Redis → workers during calls", tuple(("redis", worker) for worker in WORKERS), 3, awaits_call=True),
)
