"""Serves the page on the address the operator chose."""

from __future__ import annotations

import errno
import socket

from aiohttp import web

from bots.core import Core
from bots.web.access import check_binding
from bots.web.app import create_app
from config.errors import InvalidSettings
from config.settings import WebSettings
from config.text import shorten

SHUTDOWN_S = 1.0


class WebServer:
    """Make it before `core.start`, so that the page's open requests are taken up again."""

    def __init__(self, core: Core, settings: WebSettings) -> None:
        """Raises InvalidSettings when others could reach the page without a token."""
        check_binding(settings)
        self._settings = settings
        app = create_app(core, settings)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S, access_log=None)

    async def start(self) -> str:
        """Listen; returns the page's address. Raises InvalidSettings when that is impossible."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        except (OSError, ValueError) as error:
            await self._runner.cleanup()
            raise InvalidSettings(_sentence(error, self._settings)) from error
        return self._url()

    async def aclose(self) -> None:
        await self._runner.cleanup()

    def _url(self) -> str:
        port = self._runner.addresses[0][1]
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._settings.host, self._settings.host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


def _sentence(error: OSError | ValueError, settings: WebSettings) -> str:
    """A host that no name service would be asked for raises ValueError, such as one with an empty or endless part."""
    if isinstance(error, ValueError):
        return f'web.host "{shorten(settings.host)}" is not an address of this machine; use 127.0.0.1.'
    if error.errno == errno.EADDRINUSE:
        return f"web.port {settings.port} is in use by another program; stop it or choose another port."
    if error.errno == errno.EACCES:
        return f"web.port {settings.port} needs more rights than I have; choose one above 1023."
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f'web.host "{settings.host}" is not an address of this machine; use 127.0.0.1.'
    return f"I can't listen on {settings.host}:{settings.port}: {error.strerror or type(error).__name__}."
