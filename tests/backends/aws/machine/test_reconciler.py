"""What comes right whoever broke off: job by job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, JobEnd
from backends.aws.jobs.protocol import LeaseLost
from backends.aws.machine.protocol import Power
from backends.aws.machine.reconciler import ARRIVES_S, CLOCKS_APART_S, MACHINE_S, OVERDUE_S
from backends.protocol import TextDelta
from tests.backends.aws.jobs.contract import NOW
from tests.backends.aws.machine.world import FakeMachine, World

SURELY_DEAD_S = LEASE_S + CLOCKS_APART_S + 1
"""After its last word, whosever clock is right."""


def test_a_fresh_job_is_left_alone_and_the_machine_is_woken(world: World) -> None:
    world.submit()
    tally = world.reconciler.look()
    assert (tally.open, tally.ended, tally.requeued, tally.resent) == (1, 0, 0, 0)
    assert not world.sent()
    assert (world.machine.wakes, world.machine.state) == (1, "starting")


def test_nobody_is_woken_for_nothing(world: World) -> None:
    assert world.reconciler.look().power == Power("off", "")
    assert world.machine.wakes == 0


def test_an_overdue_message_is_sent_again(world: World) -> None:
    job = world.submit()
    world.now += OVERDUE_S
    assert world.reconciler.look().resent == 1
    assert world.sent() == [job.id]


def test_a_dead_lease_is_queued_again(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.now += SURELY_DEAD_S - 1
    assert world.reconciler.look().requeued == 0
    world.now += 1
    assert world.reconciler.look().requeued == 1
    assert world.job(held).state == "queued"
    assert world.sent() == [held.id]


def test_a_worker_whose_clock_is_a_minute_behind_keeps_its_job(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW - 60)
    for _ in range(20):
        world.now += 10
        held = world.jobs.write(held, [TextDelta(0, "x")], world.now - 60)
        assert world.reconciler.look().requeued == 0
    assert (world.job(held).state, world.job(held).tries) == ("running", 1)


def test_after_so_many_dead_leases_it_fails(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.jobs.jobs[held.id] = replace(held, tries=MAX_TRIES)
    world.now += SURELY_DEAD_S
    assert world.reconciler.look().ended == 1
    failure = world.job(held).failure
    assert failure is not None
    assert failure.code == "engine_failed"


def test_what_nobody_took_fails_at_its_deadline(world: World) -> None:
    job = world.submit()
    world.now = job.deadline_at
    world.reconciler.look()
    failure = world.job(job).failure
    assert failure is not None
    assert failure.sentence == "No machine came to write this within the 300 s allowed; try again later."


def test_who_holds_it_past_its_deadline_is_stuck(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.now = held.deadline_at
    held = world.jobs.write(held, [TextDelta(0, "x")], world.now)
    assert world.reconciler.look().ended == 0
    world.now += 1
    held = world.jobs.write(held, [], world.now)
    assert world.reconciler.look().ended == 1
    failure = world.job(held).failure
    assert failure is not None
    assert failure.sentence == "It took longer than the 300 s allowed; the text so far is kept."
    with pytest.raises(LeaseLost):
        world.jobs.write(held, [], world.now)


def test_who_is_stuck_and_writes_meanwhile_is_ended_all_the_same(world: World) -> None:
    writing = [world.jobs.lease(world.submit().id, "a", NOW)]
    resolve = world.jobs.resolve

    def resolve_too_late(seen: Job, end: JobEnd) -> bool:
        if len(writing) < 3:
            writing.append(world.jobs.write(writing[-1], [TextDelta(0, "x")], world.now))
        return resolve(seen, end)

    world.jobs.resolve = resolve_too_late  # type: ignore[method-assign] (the fake's own seam)
    world.now = writing[0].deadline_at + 1
    assert world.reconciler.look().ended == 1
    assert len(writing) == 3


def test_who_asked_to_cancel_a_dead_one_gets_it(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.jobs.cancel(held.id, NOW)
    world.now += SURELY_DEAD_S
    world.reconciler.look()
    assert world.job(held).state == "cancelled"


def test_a_machine_that_does_not_come_is_helped_by_lambda() -> None:
    world = World("ec2-with-fallback")
    job = world.submit()
    world.now += ARRIVES_S
    world.reconciler.look()
    assert not world.sent(world.spare)
    world.now += 1
    world.reconciler.look()
    assert world.sent(world.spare) == [job.id]


def test_without_capacity_lambda_helps_at_once() -> None:
    world = World("ec2-with-fallback", machine=FakeMachine(no_capacity=True))
    job = world.submit()
    world.reconciler.look()
    assert world.sent(world.spare) == [job.id]


def test_what_lambda_writes_is_not_sent_to_it_again() -> None:
    world = World("ec2-with-fallback", machine=FakeMachine(no_capacity=True))
    world.jobs.lease(world.submit().id, "lambda", NOW)
    world.reconciler.look()
    assert not world.sent(world.spare)


def test_a_machine_at_work_needs_no_help() -> None:
    world = World("ec2-with-fallback")
    world.submit()
    world.now += ARRIVES_S + 1
    world.beat()
    world.reconciler.look()
    assert not world.sent(world.spare)


def test_aws_away_spoils_no_job(world: World) -> None:
    job = world.submit()
    world.machine.broken = True
    world.now = job.deadline_at
    assert world.reconciler.look().ended == 1


def test_one_jobs_trouble_spoils_no_other(world: World) -> None:
    first, second = world.submit(), world.submit()
    resolve = world.jobs.resolve

    def fail_first(seen: Job, end: JobEnd) -> bool:
        if seen.id == first.id:
            raise AwsFailed("AWS is throttling the job table.")
        return resolve(seen, end)

    world.jobs.resolve = fail_first  # type: ignore[method-assign] (the fake's own seam)
    world.now = first.deadline_at
    assert world.reconciler.look().ended == 1
    assert not world.job(second).is_open


def test_a_look_ends_in_time(world: World) -> None:
    world.submit(), world.submit()
    left = iter([60.0, MACHINE_S - 1])
    assert world.reconciler.look(lambda: next(left)).open == 1
    assert world.machine.wakes == 1


def test_a_fleet_hears_its_backlog() -> None:
    world = World("fleet")
    world.submit(), world.submit()
    world.reconciler.look()
    assert world.reported == [2]
