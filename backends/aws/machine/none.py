"""Where Lambda works: always there, and nothing to switch."""

from __future__ import annotations

from backends.aws.machine.protocol import Power


class NoMachine:
    def wake(self) -> Power:
        return self.power()

    def power(self) -> Power:
        return Power("on", "Lambda writes; there is no machine to start.")

    def stop(self) -> None:
        """Nothing to stop."""
