"""Keys under which handlers find the application's state and services."""

from aiohttp import web

from demo.standins.discord.faults import FaultRegistry
from demo.standins.discord.gateway import Gateway
from demo.standins.discord.recorder import ExchangeRecorder
from demo.standins.discord.state import DiscordState

STATE = web.AppKey("state", DiscordState)
GATEWAY = web.AppKey("gateway", Gateway)
FAULTS = web.AppKey("faults", FaultRegistry)
RECORDER = web.AppKey("recorder", ExchangeRecorder)
