"""What a broken connection means, as one sentence from Inkling's own tree of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp

from backends.completions_api.errors import ConnectionLost, ServerUnreachable, malformed
from config.errors import BackendUnavailable, EngineFailed, InklingError


@dataclass(frozen=True, slots=True)
class Line:
    """One backend's connections: what its error sentences name."""

    backend: str
    base_url: str
    connect_timeout_s: float
    idle_timeout_s: float | None

    @contextmanager
    def typed_errors(self, lost: type[ConnectionLost] = ConnectionLost) -> Iterator[None]:
        """Turns aiohttp's errors into ServerUnreachable, `lost`, EngineFailed or BackendUnavailable."""
        try:
            yield
        except (aiohttp.ClientError, OSError) as error:
            raise self._typed(error, lost) from error

    def _typed(self, error: Exception, lost: type[ConnectionLost]) -> InklingError:
        match error:
            case aiohttp.ConnectionTimeoutError():
                return ServerUnreachable(f"{self.backend} took no connection within {self.connect_timeout_s:g} s.")
            case aiohttp.ServerTimeoutError():
                return EngineFailed(f"{self.backend} sent nothing for {self.idle_timeout_s or 0:g} s.")
            case aiohttp.ClientConnectorDNSError():
                return ServerUnreachable(f"{self.backend} has a host name nobody knows; check base_url.")
            case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError():
                return BackendUnavailable(f"{self.backend} has no certificate I can trust; check base_url.")
            case aiohttp.ClientConnectorError():
                return ServerUnreachable(f"Nothing answers for {self.backend} at {self.base_url}; is it running?")
            case aiohttp.InvalidURL():
                return BackendUnavailable(f"{self.backend} has a base_url that is no address; check the settings.")
            case aiohttp.ClientResponseError():
                return malformed(self.backend)
            case _:
                return lost(f"{self.backend} closed the connection before it was done.")
