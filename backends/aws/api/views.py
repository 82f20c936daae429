"""Jobs as the API shows them."""

from __future__ import annotations

from typing import Any

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import Job, JournalPage
from backends.aws.jobs.pieces import written_event
from backends.aws.jobs.protocol import Host, HostStore, JobStore
from config.aws import Deployment
from config.errors import InklingError

BEAT_FRESH_S = 30.0
"""A machine that said nothing for so long is not there."""
MACHINE_WAKES_S = 30.0
LAMBDA_WAKES_S = 10.0


class JobViews:
    def __init__(self, jobs: JobStore, hosts: HostStore, deployment: Deployment) -> None:
        self._jobs = jobs
        self._hosts = hosts
        self._deployment = deployment

    def view(self, job: Job, now: float, page: JournalPage | None = None) -> dict[str, Any]:
        """`page` is what the reader has not seen."""
        shown: dict[str, Any] = {"id": job.id, "state": job.state, "mark": str(page.upto if page else job.mark)}
        if page is not None:
            shown["events"] = [written_event(event) for event in page.events]
        if job.state == "queued":
            shown |= self._waiting(job, now)
        if job.is_open and job.cancel_requested:
            shown["cancelling"] = True
        if job.model:
            shown["model"] = job.model
        if job.failure:
            shown["error"] = job.failure.model_dump(exclude_none=True)
        return shown

    def _waiting(self, job: Job, now: float) -> dict[str, Any]:
        ahead = self._jobs.count_open(before=job, limit=self._deployment.max_open)
        if self.awake(now) is not None:
            return {"position": ahead, "waking": False}
        typical_s = LAMBDA_WAKES_S if self._deployment.mode == "serverless" else MACHINE_WAKES_S
        return {"position": ahead, "waking": True, "eta_s": max(typical_s - (now - job.created_at), 1.0)}

    def awake(self, now: float) -> Host | None:
        """The machine, if it is up and says so."""
        host = self._hosts.host(self._deployment.host)
        return host if host.state == "up" and now - host.beat_at < BEAT_FRESH_S else None


def error_body(error: InklingError) -> dict[str, Any]:
    return {"error": Failure.of(error).model_dump(exclude_none=True)}
