"""Where platforms call Inkling: an address of its own, so that opening it to them opens nothing else.

Each front that is called this way adds its routes, and proves by itself that a call comes from its platform.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from aiohttp import web

from config.errors import InvalidSettings
from config.settings import CallbackSettings

MAX_BODY_BYTES = 1024 * 1024
SHUTDOWN_S = 1.0


class CallbackServer:
    def __init__(self, settings: CallbackSettings) -> None:
        self._settings = settings
        self._app = web.Application(client_max_size=MAX_BODY_BYTES)
        self._runner = web.AppRunner(self._app, shutdown_timeout=SHUTDOWN_S, access_log=None)

    @property
    def is_needed(self) -> bool:
        """Whether anybody wants to be called."""
        return bool(self._app.router.routes())

    def add(self, routes: Sequence[web.AbstractRouteDef]) -> None:
        """Before `start`."""
        self._app.add_routes(routes)

    async def start(self) -> str:
        """Listen; returns the address. Raises InvalidSettings when that is impossible."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidSettings(_sentence(error, self._settings)) from error
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def aclose(self) -> None:
        await self._runner.cleanup()


def _sentence(error: OSError, settings: CallbackSettings) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"callbacks.port {settings.port} is in use by another program; stop it or choose another port."
    reason = error.strerror or type(error).__name__
    return f"I can't listen on callbacks.host {settings.host}, port {settings.port}: {reason}."
