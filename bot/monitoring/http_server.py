"""The HTTP endpoints /metrics, /healthz and /readyz of the bot, in its event loop."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.health import HealthMonitor
from bot.lifecycle import StartupError
from shared import __version__
from shared.addresses.http import parse_listening_address
from shared.health import CONTENT_TYPE as JSON
from shared.health import HealthReport
from shared.metrics.instruments import CONTENT_TYPE as METRICS

log = logging.getLogger(__name__)


class MonitoringServer:
    """Listens on `HTTP_ADDRESS`. `get_role` names what this bot is among several: leader or standby."""

    def __init__(
        self,
        address: str,
        monitor: HealthMonitor,
        get_role: Callable[[], str],
        render_metrics: Callable[[], Awaitable[bytes]],
    ) -> None:
        self._host, self._port = parse_listening_address(address)
        self._monitor = monitor
        self._get_role = get_role
        self._render_metrics = render_metrics
        app = web.Application()
        app.router.add_get("/healthz", self._show_health)
        app.router.add_get("/readyz", self._show_readiness)
        app.router.add_get("/metrics", self._show_metrics)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)

    async def start(self) -> None:
        """Listen. Raises `StartupError` if the address cannot be used."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.close()
            raise StartupError(
                f"HTTP_ADDRESS cannot be used ({error.strerror}). Name an address of this machine and a free port."
            ) from error
        host, port = self._runner.addresses[0][:2]
        log.info("metrics and health are told on http://%s:%d", f"[{host}]" if ":" in host else host, port)

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _show_health(self, _: web.Request) -> web.Response:
        """Respond: the event loop that would not turn could not do so."""
        return _respond(HealthReport({"event_loop": True}, {"version": __version__}))

    async def _show_readiness(self, _: web.Request) -> web.Response:
        if not self._monitor.has_started:
            return _respond(HealthReport({"started": False}, failure="starting"))
        results = await self._monitor.run_probes()
        checks = {probe.key: is_passed for probe, is_passed in results.items()}
        return _respond(HealthReport(checks, {"role": self._get_role()}, failure="not ready"))

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._render_metrics(), headers={"Content-Type": METRICS})


def _respond(report: HealthReport) -> web.Response:
    return web.Response(status=report.http_status, body=report.render(), content_type=JSON)
