"""The Lambda function behind the API, and behind direct invocations of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from backends.aws.api.api import Api
from backends.aws.api.messages import ApiResponse, answer_of, request_of
from backends.aws.api.views import JobViews, error_body
from backends.aws.api.waking import Waking
from backends.aws.machine.factory import machine_of, tick_queue_of
from backends.aws.wiring import hosts_of, jobs_of, queue_of, spare_queue_of
from config.errors import InvalidOptions
from config.log import configure_logging
from config.settings import LogSettings, load_deployment


class Context(Protocol):
    """What Lambda tells of an invocation, as far as it is used."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    try:
        request = request_of(event)
    except ValueError:
        return answer_of(ApiResponse(400, error_body(InvalidOptions("This is no HTTP API event of version 2."))))
    return answer_of(_api().answer(request, lambda: context.get_remaining_time_in_millis() / 1000))


@cache
def _api() -> Api:
    """Once for each execution environment."""
    configure_logging(LogSettings(json_lines=True))
    deployment = load_deployment()
    jobs, hosts = jobs_of(deployment), hosts_of(deployment)
    waking = Waking(
        queue_of(deployment),
        spare_queue_of(deployment),
        hosts,
        machine_of(deployment),
        tick_queue_of(deployment),
        deployment,
    )
    return Api(jobs, JobViews(jobs, hosts, deployment), waking, deployment)
