"""Whether the machine is on when somebody waits, and off when it has died."""

from __future__ import annotations

import pytest

from backends.aws.jobs.job import LEASE_S
from backends.aws.machine.keeper import AGAIN_S, BOOTS_S, DEAD_S
from backends.aws.machine.protocol import PowerState
from tests.backends.aws.jobs.contract import NOW
from tests.backends.aws.machine.world import MINUTE_S, World


def test_a_machine_that_is_going_is_looked_at_again_soon(world: World) -> None:
    world.submit()
    world.machine.state, world.machine.since = "on", NOW - 600
    world.beat("draining")
    world.reconciler.look()
    world.machine.state = "stopping"
    world.reconciler.look_again()
    assert world.delays == [AGAIN_S, AGAIN_S]
    world.machine.state = "off"
    world.reconciler.look_again()
    assert world.machine.state == "starting"
    assert world.delays == [AGAIN_S, AGAIN_S]


def test_one_that_went_and_is_back_is_not_going(world: World) -> None:
    world.submit()
    world.beat("draining")
    world.machine.state, world.machine.since = "on", NOW + 1
    world.reconciler.look_again()
    assert world.delays == []


@pytest.mark.parametrize("state", ["on", "starting"])
def test_a_machine_that_is_there_is_not_started(world: World, state: PowerState) -> None:
    world.submit()
    world.machine.state = state
    world.reconciler.look()
    assert world.machine.wakes == 0


def test_nobody_is_woken_for_what_has_ended_or_is_written(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "lambda", NOW)
    world.reconciler.look(), world.reconciler.look_again()
    world.now = held.deadline_at + LEASE_S
    world.reconciler.look_again(), world.reconciler.look()
    assert not world.job(held).is_open
    assert world.machine.wakes == 0


def test_a_look_before_the_minute_is_over_floods_no_queue(world: World) -> None:
    world.submit()
    world.now += 250
    for _ in range(5):
        world.reconciler.look_again()
    assert not world.sent()


def test_a_machine_that_died_on_is_stopped(world: World) -> None:
    world.machine.state, world.machine.since = "on", NOW - 10_000
    world.beat()
    world.now += DEAD_S
    world.reconciler.look()
    assert world.machine.stops == 0
    world.now += 1
    world.reconciler.look()
    assert world.machine.stops == 1


def test_a_machine_just_started_has_its_time_to_speak(world: World) -> None:
    world.beat()
    world.now += 86_400
    world.machine.state, world.machine.since = "on", world.now - BOOTS_S
    world.reconciler.look()
    assert world.machine.stops == 0
    world.now += 1
    world.reconciler.look()
    assert world.machine.stops == 1


def test_who_waits_for_one_that_died_gets_it_back_soon(world: World) -> None:
    world.machine.state, world.machine.since = "on", NOW - 10_000
    world.beat()
    world.now += DEAD_S + 1
    world.submit()
    world.machine.stops_to = "stopping"
    world.reconciler.look()
    assert (world.machine.stops, world.delays) == (1, [AGAIN_S])
    world.machine.state = "off"
    world.reconciler.look_again()
    assert world.machine.state == "starting"


def test_what_may_not_be_heard_costs_no_fleet_forever() -> None:
    world = World("fleet")
    world.machine.state = "on"
    for minute in range(22):
        world.reconciler.look()
        assert world.machine.stops == (minute > 20), minute
        world.now += MINUTE_S


def test_a_fleet_somebody_waits_for_is_left_to_come_up() -> None:
    world = World("fleet")
    world.machine.state = "starting"
    for _ in range(60):
        world.submit()
        world.reconciler.look()
        world.now += MINUTE_S
    assert world.machine.stops == 0
