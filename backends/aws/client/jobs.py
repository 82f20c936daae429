"""Jobs, asked for from outside: what the API answers, typed, and tried again where that is right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from backends.aws.client.transport import Answer, NotReached, Question, Transport
from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import OPEN_STATES, JobState, JournalEvent, Mark
from backends.aws.jobs.pieces import read_event
from backends.protocol import CompletionRequest
from config.errors import BackendUnavailable, EngineFailed, InklingError

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
MOST_AGAIN = 20
_TEMPORARY = {429, 500, 502, 503, 504}


class JobView(BaseModel):
    """A job as the API shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    state: JobState
    mark: str = "0.0"
    events: tuple[list[Any], ...] = ()
    position: int | None = None
    waking: bool = False
    cancelling: bool = False
    """Somebody asked for its end, which is near."""
    eta_s: float | None = None
    error: Failure | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def at(self) -> Mark:
        return Mark.parse(self.mark)

    def journal(self) -> tuple[JournalEvent, ...]:
        return tuple(read_event(values) for values in self.events)


class HealthView(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    state: str
    model: str
    running: int = 0
    waiting: int = 0
    mode: str = "serverless"


@dataclass(frozen=True, slots=True)
class JobsClient:
    """`name` is the backend's, for sentences."""

    name: str
    transport: Transport
    pauses_s: tuple[float, ...] = PAUSES_S

    async def submit(self, request: CompletionRequest) -> JobView:
        """Sent twice it is the same job, since the request's id is its key; another one, once that was cancelled: a bot
        that stopped in the middle asks again when it is back."""
        for again in range(MOST_AGAIN):
            job = await self._submit(request, f"{request.request_id}.{again}" if again else request.request_id)
            if job.state != "cancelled" and not job.cancelling:
                return job
        raise BackendUnavailable(f"{self.name} was asked for this {MOST_AGAIN} times, and told to stop each time.")

    async def _submit(self, request: CompletionRequest, key: str) -> JobView:
        body = {
            "key": key,
            "prompt": request.prompt,
            "options": request.options.model_dump(mode="json"),
            "model": request.model,
            "keep_last_tokens": request.keep_last_tokens,
            "deadline_s": request.deadline_s,
        }
        return self._job(await self._ask(Question("POST", "/v1/jobs", body=body)))

    async def read(self, job_id: str, after: Mark, wait_s: float) -> JobView:
        query = {"after": str(after), "wait": f"{wait_s:g}"}
        return self._job(await self._ask(Question("GET", _path(job_id), query)))

    async def cancel(self, job_id: str) -> None:
        await self._ask(Question("DELETE", _path(job_id)))

    async def health(self) -> HealthView:
        try:
            return HealthView.model_validate(await self._ask(Question("GET", "/v1/health")))
        except ValidationError as error:
            raise self._strange() from error

    async def aclose(self) -> None:
        await self.transport.aclose()

    async def _ask(self, question: Question) -> Any:
        """The answer's body. Raises errors of `config.errors`; tries again what may pass."""
        for pause_s in (*self.pauses_s, None):
            try:
                answer = await self.transport.ask(question)
                error = self._error(answer)
            except NotReached as unreached:
                error = BackendUnavailable(unreached.sentence, unreached.retry_after_s)
                answer = Answer(503, None)
            if error is None:
                return answer.body
            if answer.status not in _TEMPORARY or _is_verdict(answer) or pause_s is None:
                raise error
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")

    def _error(self, answer: Answer) -> InklingError | None:
        if answer.status in (200, 202):
            return None
        said = answer.body.get("error") if isinstance(answer.body, Mapping) else None
        if isinstance(said, Mapping):
            try:
                return Failure.model_validate(said).error()
            except ValidationError:
                pass
        if answer.status in (401, 403):
            return BackendUnavailable(f"{self.name} refuses these AWS credentials; they need execute-api:Invoke on it.")
        if answer.status == 404:
            return BackendUnavailable(f"{self.name} has no such API; is its address right?")
        return BackendUnavailable(f"{self.name} answered with HTTP status {answer.status}.", answer.retry_after_s)

    def _job(self, body: Any) -> JobView:
        try:
            return JobView.model_validate(body)
        except ValidationError as error:
            raise self._strange() from error

    def _strange(self) -> EngineFailed:
        return EngineFailed(f"{self.name} sent an answer that isn't Inkling's; is its address right?")


def _path(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _is_verdict(answer: Answer) -> bool:
    """Whether Inkling itself says there is too much to do: the one who asked shall hear it."""
    return answer.status == 429 and isinstance(answer.body, Mapping) and "error" in answer.body
