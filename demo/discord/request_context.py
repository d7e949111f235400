"""What every handler finds in its application: the world and the parts around it."""

from aiohttp import web

from demo.discord.faults import Faults
from demo.discord.gateway import Gateway
from demo.discord.record import Recorder
from demo.discord.world import World

WORLD = web.AppKey("world", World)
GATEWAY = web.AppKey("gateway", Gateway)
FAULTS = web.AppKey("faults", Faults)
RECORDER = web.AppKey("recorder", Recorder)
