"""What machines say of themselves, in the job table."""

from __future__ import annotations

from backends.aws.jobs.items import HOST, TTL_ATTRIBUTE
from backends.aws.jobs.protocol import Host
from backends.aws.jobs.table import JobTable, Values

KEEP_S = 30 * 86_400.0
"""A machine that is no more is forgotten so long after it spoke last."""


class DynamoHosts:
    def __init__(self, table: JobTable) -> None:
        self._table = table

    def host(self, name: str) -> Host:
        return _host(name, self._table.get(_pk(name), HOST) or {})

    def call(self, name: str) -> Host:
        return _host(name, self._table.add(_pk(name), HOST, "wake", 1))

    def beat(self, host: Host) -> Host:
        said = {
            "state": host.state,
            "beat_at": host.beat_at,
            "running": host.running,
            "model": host.model,
            "version": host.version,
            TTL_ATTRIBUTE: int(host.beat_at + KEEP_S),
        }
        # Of an item that is not there too; pk is always its own.
        always, pk = "attribute_not_exists(#pk) OR #pk = :pk", _pk(host.name)
        values = self._table.change(pk, HOST, said, always, {"pk": pk})
        return _host(host.name, values or {})

    def drain(self, seen: Host, now: float) -> bool:
        condition = "#state = :up AND #wake = :wake" if seen.wake else "#state = :up AND attribute_not_exists(#wake)"
        given = {"up": "up"} | ({"wake": seen.wake} if seen.wake else {})
        drained = self._table.change(_pk(seen.name), HOST, {"state": "draining", "beat_at": now}, condition, given)
        if drained is not None:
            return True
        # Its own answer may have been lost; nobody else drains it.
        current = self.host(seen.name)
        return (current.state, current.wake, current.beat_at) == ("draining", seen.wake, now)


def _pk(name: str) -> str:
    return f"host#{name}"


def _host(name: str, values: Values) -> Host:
    return Host(
        name=name,
        wake=int(values.get("wake", 0)),
        state=str(values.get("state", "down")),
        beat_at=float(values.get("beat_at", 0.0)),
        running=int(values.get("running", 0)),
        model=values.get("model"),
        version=values.get("version"),
    )
