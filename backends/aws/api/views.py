"""Jobs as the API shows them."""

from __future__ import annotations

from typing import Any

from backends.aws.jobs.job import Job, JournalPage, Mark
from backends.aws.jobs.pieces import written_event
from backends.aws.jobs.protocol import Host, HostStore, JobStore
from config.aws import Deployment

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
        """`page` is what the reader has not seen, and `mark` how far it has now. There is `more` where a page takes no
        more, or none was asked for."""
        mark = page.upto if page else Mark()
        shown: dict[str, Any] = {"id": job.id, "state": job.state, "mark": str(mark), "more": mark < job.mark}
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
        serverless = self._deployment.mode == "serverless"
        left_s = (LAMBDA_WAKES_S if serverless else MACHINE_WAKES_S) - (now - job.created_at)
        if left_s > 0:
            return {"position": ahead, "waking": True, "eta_s": left_s}
        return {"position": ahead, "waking": not serverless}

    def awake(self, now: float) -> Host | None:
        """The machine, if it is up and says so."""
        host = self._hosts.host(self._deployment.host)
        return host if host.is_up(now, BEAT_FRESH_S) else None
