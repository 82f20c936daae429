"""From settings to a backend in AWS."""

from __future__ import annotations

from backends.aws.backend import AwsBackend
from backends.aws.client.http import SignedHttp
from backends.aws.client.invoke import DirectInvoke
from backends.aws.client.jobs import JobsClient
from backends.aws.client.transport import Transport
from config.settings import AwsBackendSettings


def connect(name: str, settings: AwsBackendSettings) -> AwsBackend:
    return AwsBackend(name, JobsClient(name, _transport(name, settings)))


def _transport(name: str, settings: AwsBackendSettings) -> Transport:
    where = {"region": settings.region, "profile": settings.profile}
    if settings.api_url is not None:
        return SignedHttp(name, settings.api_url, **where)
    if settings.function is not None:
        return DirectInvoke(name, settings.function, **where)
    raise AssertionError("the settings have one of them")
