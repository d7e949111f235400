"""What every handler finds in its application: the world and the parts around it."""

from aiohttp import web

from demo.discord.faults import FaultRegistry
from demo.discord.gateway import Gateway
from demo.discord.record import ExchangeRecorder
from demo.discord.world import DiscordState

STATE = web.AppKey("world", DiscordState)
GATEWAY = web.AppKey("gateway", Gateway)
FAULTS = web.AppKey("faults", FaultRegistry)
RECORDER = web.AppKey("recorder", ExchangeRecorder)
