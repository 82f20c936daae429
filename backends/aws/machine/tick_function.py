"""The Lambda function that looks after everything: every minute by schedule, at the machine sooner by a message."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import structlog

from backends.aws.invocation import Context, seconds_left
from backends.aws.machine.factory import backlog_of, machine_of, tick_queue_of
from backends.aws.machine.reconciler import Reconciler
from backends.aws.wiring import hosts_of, jobs_of, queue_of, spare_queue_of
from config.log import configure_logging
from config.settings import LogSettings, load_deployment

log = structlog.get_logger(__name__)


def handler(event: Mapping[str, Any], context: Context) -> None:
    """However many messages come at once, they ask for one look, so that they don't multiply. Raises what a retry
    may mend."""
    if "Records" in event:
        power = _reconciler().look_again()
        log.info("looked again", messages=len(event["Records"]), machine=power.state if power else None)
        return
    tally = _reconciler().look(partial(seconds_left, context))
    log.info(
        "looked",
        open=tally.open,
        ended=tally.ended,
        requeued=tally.requeued,
        resent=tally.resent,
        machine=tally.power.state if tally.power else None,
    )


@cache
def _reconciler() -> Reconciler:
    """Once for each execution environment."""
    configure_logging(LogSettings(json_lines=True))
    deployment = load_deployment()
    return Reconciler(
        jobs_of(deployment),
        hosts_of(deployment),
        queue_of(deployment),
        spare_queue_of(deployment),
        machine_of(deployment),
        tick_queue_of(deployment),
        deployment,
        backlog=backlog_of(deployment),
    )
