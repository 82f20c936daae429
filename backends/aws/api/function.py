"""The Lambda function behind the API, and behind direct invocations of the same shape."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from backends.aws.api.api import Api
from backends.aws.api.messages import answer_of, request_of
from backends.aws.api.refusals import breakdown, refusal
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.calls import BRIEF
from backends.aws.invocation import Context, seconds_left
from backends.aws.machine.factory import machine_of, tick_queue_of
from backends.aws.wiring import hosts_of, jobs_of, queue_of, spare_queue_of
from config.errors import InvalidOptions
from config.log import configure_logging
from config.settings import LogSettings, load_deployment


def handler(event: object, context: Context) -> dict[str, Any]:
    try:
        request = request_of(event)
    except ValueError:
        return answer_of(refusal(InvalidOptions("This is no HTTP API event of version 2.")))
    try:
        api = built()
    except Exception as error:
        return answer_of(breakdown(error))
    return answer_of(api.answer(request, partial(seconds_left, context)))


@cache
def built() -> Api:
    """Once for each execution environment."""
    configure_logging(LogSettings(json_lines=True))
    deployment = load_deployment()
    jobs, hosts = jobs_of(deployment), hosts_of(deployment)
    waking = Waking(
        queue_of(deployment, BRIEF),
        spare_queue_of(deployment, BRIEF),
        hosts,
        machine_of(deployment),
        tick_queue_of(deployment, BRIEF),
        deployment,
    )
    return Api(jobs, JobViews(jobs, hosts, deployment), waking, deployment)
