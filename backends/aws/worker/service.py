"""The worker's process on a machine: the model stays in memory, and the machine goes off when the process ends well."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

import boto3
import structlog
from ulid import ULID

from backends.aws.calls import PATIENT, asking
from backends.aws.jobs.protocol import Host
from backends.aws.wiring import hosts_of, jobs_of, queue_of
from backends.aws.worker.membership import Membership
from backends.aws.worker.metadata import InstanceMetadata
from backends.aws.worker.run_job import JobRunner
from backends.aws.worker.systemd import Watch
from backends.aws.worker.worker import Rhythm, Worker
from backends.factory import Backends
from config.aws import Deployment
from config.errors import BackendUnavailable
from config.sampling import MAX_SAMPLES
from config.settings import LocalBackendSettings, Settings

OTHER_CALLS = 8
"""To AWS at the same time, beside one for each job: the queue, beats, messages."""

log = structlog.get_logger(__name__)


async def serve(settings: Settings, deployment: Deployment, watch: Watch) -> None:
    """Until idle, or SIGTERM, or AWS wants the machine back."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(deployment.max_running + OTHER_CALLS))
    async with AsyncExitStack() as stack:
        backends = Backends.from_settings(with_room(settings, deployment.max_running))
        stack.push_async_callback(backends.aclose)
        await backends.start_default()
        metadata = InstanceMetadata(deployment.metadata_url) if deployment.metadata_url else None
        if metadata is not None:
            stack.push_async_callback(metadata.aclose)
        member = await _membership(deployment, metadata)
        runner = JobRunner(
            jobs_of(deployment), backends.default, f"{deployment.host}-{ULID()}", lease_s=deployment.lease_s
        )
        worker = Worker(
            runner,
            queue_of(deployment),
            hosts_of(deployment),
            Host(deployment.host, model=deployment.model, version=version("inkling")),
            max_running=deployment.max_running,
            rhythm=Rhythm(idle_s=deployment.idle_s, last_s=deployment.finish_s),
            alive=watch.alive,
            busy=member.protect if member else None,
        )
        _stop_on_signals(worker)
        if metadata is not None:
            stack.callback(asyncio.create_task(_stop_on_notice(worker, metadata)).cancel)
        watch.ready()
        reason = await worker.run()
        watch.stopping()
        log.info("worker ends", reason=reason)
        if member is not None and reason == "idle":
            await member.leave()


def with_room(settings: Settings, jobs: int) -> Settings:
    """So that no engine of ours refuses what the worker took: the place to wait is the queue."""
    roomy = {
        name: its.model_copy(update={"max_waiting": max(its.max_waiting, jobs * MAX_SAMPLES)})
        for name, its in settings.backends.items()
        if isinstance(its, LocalBackendSettings)
    }
    return settings.model_copy(update={"backends": {**settings.backends, **roomy}})


async def _membership(deployment: Deployment, metadata: InstanceMetadata | None) -> Membership | None:
    """Of a fleet's machine only. Raises BackendUnavailable: who can't say which machine it is can't leave, and a fleet
    replaces what just switches itself off."""
    if deployment.fleet is None:
        return None
    instance_id = await metadata.instance_id() if metadata else None
    if instance_id is None:
        raise BackendUnavailable(
            "This machine can't find out which one of the fleet it is; is its metadata open to it?"
        )
    with asking("the fleet"):
        return Membership(boto3.client("autoscaling", config=PATIENT), deployment.fleet, instance_id)


def _stop_on_signals(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)


async def _stop_on_notice(worker: Worker, metadata: InstanceMetadata) -> None:
    log.warning("AWS wants the machine back", notice=await metadata.notice())
    worker.stop()


def watch_of(deployment: Deployment, notify_socket: str | None) -> Watch:
    return Watch(notify_socket, Path(deployment.alive_file) if deployment.alive_file else None)
