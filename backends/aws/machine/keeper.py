"""Whether the machine is on when somebody waits for it, and off when it has died."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from backends.aws.jobs.protocol import Host, HostStore
from backends.aws.machine.protocol import Machine, Power, TickQueue
from config.errors import BackendUnavailable

DEAD_S = 180.0
"""A machine that is on, and said nothing for so long, has died without noticing."""
BOOTS_S = 1200.0
"""Its first word after a start may take so long: at its very first it installs what it needs."""
AGAIN_S = 5

log = structlog.get_logger(__name__)


class MachineKeeper:
    """`host` is the name under which the machine beats; a fleet's machines share one."""

    def __init__(
        self, machine: Machine, hosts: HostStore, host: str, ticks: TickQueue | None, clock: Callable[[], float]
    ) -> None:
        self._machine = machine
        self._hosts = hosts
        self._host = host
        self._ticks = ticks
        self._clock = clock
        self._quiet_since: float | None = None

    def attend(self, waiting: bool) -> Power | None:
        """`waiting` is whether a job waits for somebody. None when AWS can't be asked."""
        try:
            return self._attend(waiting)
        except BackendUnavailable as error:
            log.warning("the machine could not be seen to", problem=error.sentence)
            return None

    def is_heard(self) -> bool:
        """Whether it is there to work. Raises BackendUnavailable."""
        return self._hosts.host(self._host).is_up(self._clock(), DEAD_S / 2)

    def _attend(self, waiting: bool) -> Power:
        host, power = self._hosts.host(self._host), self._machine.power()
        if waiting and power.state == "off":
            power = self._machine.wake()
            log.info("the machine was woken", state=power.state, detail=power.detail)
        if self._is_dead(host, power) or self._is_forgotten(host, power, waiting):
            log.error("the machine says nothing; it is stopped", host=host.name)
            self._machine.stop()
            power = replace(power, state="stopping")
        if waiting and self._ticks is not None and (power.state == "stopping" or _is_going(host, power)):
            self._ticks.soon(AGAIN_S)
        return power

    def _is_dead(self, host: Host, power: Power) -> bool:
        if power.state != "on" or power.since is None:
            return False
        if host.beat_at > power.since:
            return self._clock() - host.beat_at > DEAD_S
        return self._clock() - power.since > BOOTS_S

    def _is_forgotten(self, host: Host, power: Power, waiting: bool) -> bool:
        """A fleet replaces what dies, for ever. Where nobody waits, and no machine ever says anything, that only
        costs."""
        now = self._clock()
        if power.since is not None or power.state == "off" or waiting or now - host.beat_at <= DEAD_S:
            self._quiet_since = None
            return False
        self._quiet_since = self._quiet_since or now
        return now - self._quiet_since > BOOTS_S


def _is_going(host: Host, power: Power) -> bool:
    """It said so since it was started: it may still be on its way out, and then there is nobody."""
    return host.state == "draining" and power.state == "on" and host.beat_at > (power.since or 0.0)
