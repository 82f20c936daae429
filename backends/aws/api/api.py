"""The API of a deployment: submit, read, cancel; and `POST /generate` as it once was.

POST   /v1/jobs                    202 {id, state, …}: accepted, whatever happens to whom
GET    /v1/jobs/{id}?after=&wait=  200: what came after that mark, waiting up to 20 s for it
DELETE /v1/jobs/{id}               200: ended, or asked to end
GET    /v1/health                  200 {state, model, running, waiting, mode}
POST   /generate                   200 {text0, …}, or 202 {id} when it takes longer than 25 s
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from backends.aws.api.messages import ApiRequest, ApiResponse
from backends.aws.api.original import WAIT_S, read_generate, texts_of
from backends.aws.api.refusals import breakdown, refusal
from backends.aws.api.submission import new_job, read_submission
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.jobs.job import Job, JournalEvent, Mark, NewJob, is_job_id
from backends.aws.jobs.protocol import JobStore
from backends.aws.jobs.settling import due_end
from config.aws import Deployment
from config.errors import EngineFailed, InklingError, InvalidOptions, NotFound, Overloaded

MAX_WAIT_S = 20.0
STEP_S = 0.25
"""Between two looks at a job while somebody waits for it."""
SPARE_S = 2.0
"""A function answers so long before its own end."""
LATE_S = 90.0
"""A job that should have ended so long ago is ended by whoever reads it; before that, the tick does it."""
BUSY_S = 15.0
GENERATE_S = 600.0

log = structlog.get_logger(__name__)


class Api:
    """`remaining_s` tells how long the function may still take."""

    def __init__(
        self,
        jobs: JobStore,
        views: JobViews,
        waking: Waking,
        deployment: Deployment,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._jobs = jobs
        self._views = views
        self._waking = waking
        self._deployment = deployment
        self._clock = clock
        self._pause = pause

    def answer(self, request: ApiRequest, remaining_s: Callable[[], float]) -> ApiResponse:
        """Every error as a response; nothing of a prompt is logged."""
        try:
            return self._route(request, remaining_s)
        except InklingError as error:
            answer = refusal(error)
            if answer.status >= 500:
                log.warning("request refused", method=request.method, code=error.code, problem=error.sentence)
            return answer
        except Exception as error:
            return breakdown(error)

    def _route(self, request: ApiRequest, remaining_s: Callable[[], float]) -> ApiResponse:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "jobs"]:
                return self._submit(request)
            case "GET", ["v1", "jobs", job_id]:
                return self._read(request, job_id, remaining_s)
            case "DELETE", ["v1", "jobs", job_id]:
                return self._cancel(request, job_id)
            case "GET", ["v1", "health"]:
                return ApiResponse(200, self._health())
            case "POST", ["generate"]:
                return self._generate(request, remaining_s)
        raise NotFound("There is nothing at that address.")

    # One job

    def _submit(self, request: ApiRequest) -> ApiResponse:
        job = self._accept(read_submission(request.body, request.owner, self._deployment, self._clock()))
        return ApiResponse(202, self._views.view(job, self._clock()))

    def _accept(self, new: NewJob) -> Job:
        most = self._deployment.max_open
        if self._jobs.count_open(limit=most) >= most and self._jobs.submitted(new.owner, new.key) is None:
            raise Overloaded(f"{most} requests are waiting already; try again soon.", BUSY_S)
        job = self._jobs.submit(new).job
        if job.state == "queued":
            self._waking.announce(job.id)
        return job

    def _read(self, request: ApiRequest, job_id: str, remaining_s: Callable[[], float]) -> ApiResponse:
        after, wait_s = _mark(request), _wait(request)
        job = self._own(request, job_id)
        seen, until = job.state, self._clock() + min(wait_s, remaining_s() - SPARE_S)
        while job.is_open and job.mark <= after and job.state == seen and self._clock() < until:
            self._pause(STEP_S)
            job = self._own(request, job_id)
        page = self._jobs.journal(job_id, after, job.mark)
        return ApiResponse(200, self._views.view(job, self._clock(), page))

    def _cancel(self, request: ApiRequest, job_id: str) -> ApiResponse:
        self._own(request, job_id)
        job = self._jobs.cancel(job_id, self._clock())
        if job is None:
            raise _unknown()
        return ApiResponse(200, self._views.view(job, self._clock()))

    def _own(self, request: ApiRequest, job_id: str) -> Job:
        """Somebody else's is as if it weren't there."""
        job = self._jobs.job(job_id) if is_job_id(job_id) else None
        if job is None or job.owner != request.owner:
            raise _unknown()
        end = due_end(job, self._clock() - LATE_S)
        if end is None:
            return job
        self._jobs.resolve(job, replace(end, at=self._clock()))
        return self._jobs.job(job_id) or job

    # The rest

    def _health(self) -> dict[str, Any]:
        host = self._views.awake(self._clock())
        running = host.running if host else 0
        waiting = max(self._jobs.count_open(limit=self._deployment.max_open) - running, 0)
        serverless = self._deployment.mode == "serverless"
        state = "ready" if host or serverless else "starting" if waiting else "asleep"
        return {
            "state": state,
            "model": (host.model if host else None) or self._deployment.model,
            "running": running,
            "waiting": waiting,
            "mode": self._deployment.mode,
        }

    def _generate(self, request: ApiRequest, remaining_s: Callable[[], float]) -> ApiResponse:
        key, prompt, order = read_generate(request.body, request.headers.get("idempotency-key"), GENERATE_S)
        job = self._accept(new_job(request.owner, key, prompt, order, self._deployment, self._clock()))
        until = self._clock() + min(WAIT_S, remaining_s() - SPARE_S)
        while job.is_open and self._clock() < until:
            self._pause(STEP_S)
            job = self._own(request, job.id)
        if job.is_open:
            return ApiResponse(202, self._views.view(job, self._clock()), {"location": f"/v1/jobs/{job.id}"})
        if job.failure is not None:
            return refusal(job.failure.error())
        if job.state == "cancelled":
            return refusal(EngineFailed("Somebody stopped this before it was written."))
        texts = texts_of(self._all_events(job), job.order.options.samples)
        return ApiResponse(200, json.dumps(texts) if request.query.get("twice") else texts)

    def _all_events(self, job: Job) -> list[JournalEvent]:
        events: list[JournalEvent] = []
        seen = Mark(job.mark.attempt, 0)
        while seen != job.mark:
            page = self._jobs.journal(job.id, seen, job.mark)
            events += page.events
            seen = page.upto
        return events


def _unknown() -> NotFound:
    return NotFound("There is no such job, or no longer.")


def _mark(request: ApiRequest) -> Mark:
    try:
        return Mark.parse(request.query.get("after", "0.0"))
    except ValueError as error:
        raise InvalidOptions('after must be a mark as this API gives them, such as "1.7".', "after") from error


def _wait(request: ApiRequest) -> float:
    try:
        wait_s = float(request.query.get("wait", "0"))
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise InvalidOptions(f"wait must be a number of seconds between 0 and {MAX_WAIT_S:g}.", "wait")
    return wait_s
