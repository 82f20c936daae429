"""Where a front is installed, and installations that have begun."""

from __future__ import annotations

from datetime import datetime

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.keys import TTL, hashed, workspace_pk
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.table import Key
from backends.store.values import time_value
from config.workspace import WorkspaceRef


class InstallingPart(Part):
    async def save_installation(self, ref: WorkspaceRef, installation: str) -> None:
        await self._run(self._table.put, _installation_key(ref), {"installation": installation})

    async def installation(self, ref: WorkspaceRef) -> str | None:
        item = await self._run(self._table.get, _installation_key(ref))
        return str(item["installation"]) if item else None

    async def delete_installation(self, ref: WorkspaceRef) -> None:
        await self._run(self._table.delete, _installation_key(ref))

    async def save_install_state(self, state: str, expires_at: datetime) -> None:
        """Those that nobody takes are forgotten by DynamoDB."""
        item: Item = {"expires_at": time_value(expires_at), TTL: int(expires_at.timestamp()) + 1}
        await self._run(self._table.put, _state_key(state), item)

    async def take_install_state(self, state: str, now: datetime) -> bool:
        was = await self._run(self._table.delete, _state_key(state))
        return bool(was) and int(was["expires_at"]) > time_value(now)


def _installation_key(ref: WorkspaceRef) -> Key:
    return Key(workspace_pk(ref), "installation")


def _state_key(state: str) -> Key:
    return Key(f"state#{hashed(state)}", "state")
