"""The post office: sends deliveries, waits three seconds for each ack, and sends events again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.deliveries import ACK_S, RETRY_AFTER_S, Delivery, Kind

if TYPE_CHECKING:
    from tests.fakes.slack_world.world import World


def send(world: World, delivery: Delivery) -> None:
    if delivery not in world.deliveries:
        world.deliveries.append(delivery)
    if world.carrier is None:
        failed(world, delivery, "dispatch_failed")
    else:
        attempt(world, delivery)


def attempt(world: World, delivery: Delivery) -> None:
    assert world.carrier is not None
    delivery.sent_at = world.clock.now()
    if delivery.deadline is not None:
        delivery.deadline.cancel()
    delivery.deadline = world.clock.after(ACK_S, lambda: missed(world, delivery, "timeout"))
    world.carrier.carry(delivery)
    world.changes.announce()


def waits(delivery: Delivery) -> None:
    """Nobody is there to acknowledge an event: its three seconds have not begun."""
    if delivery.kind is Kind.EVENT and delivery.deadline is not None:
        delivery.deadline.cancel()


def acked(world: World, delivery: Delivery, payload: dict[str, Any] | None) -> None:
    if delivery.deadline is not None:
        delivery.deadline.cancel()
    seconds = world.clock.now() - delivery.sent_at
    world.ack_seconds.append(seconds)
    delivery.acks += 1
    if not delivery.over:
        delivery.ack_seconds, delivery.ack_payload = seconds, payload or {}
        if delivery.kind is Kind.COMMAND and payload and delivery.response_url is not None:
            delivery.response_url.answered_by_ack(payload)
    world.changes.announce()


def missed(world: World, delivery: Delivery, reason: str) -> None:
    """The person in front of a command or a button is told; an event comes again."""
    if delivery.over:
        return
    if delivery.deadline is not None:
        delivery.deadline.cancel()
    if delivery.kind is not Kind.EVENT:
        failed(world, delivery, "operation_timeout" if reason == "timeout" else "dispatch_failed")
    elif delivery.attempts >= len(RETRY_AFTER_S) or delivery.gives_up:
        failed(world, delivery, reason)
    else:
        _retry(world, delivery, reason)


def failed(world: World, delivery: Delivery, reason: str) -> None:
    delivery.failed = reason
    world.changes.announce()


def _retry(world: World, delivery: Delivery, reason: str) -> None:
    wait = RETRY_AFTER_S[delivery.attempts]
    delivery.attempts += 1
    delivery.retry_reason = reason

    def again() -> None:
        if not delivery.over:
            attempt(world, delivery)

    world.clock.after(wait, again)
    world.changes.announce()
