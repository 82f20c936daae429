"""Jobs, asked for from outside: what the API answers, typed, and tried again where that is right."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from backends.aws.client.transport import Answer, NotReached, Question, Transport
from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import OPEN_STATES, JobState, JournalEvent, Mark
from backends.aws.jobs.pieces import read_event
from backends.protocol import CompletionRequest
from config.errors import BackendUnavailable, EngineFailed, InklingError, Overloaded

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)
PATIENCE_S = 45.0
"""Nothing is tried again after so long, as where each try takes long by itself."""
MOST_AGAIN = 20
_TEMPORARY = {429, 500, 502, 503, 504}


def _read_events(values: Iterable[list[Any]]) -> tuple[JournalEvent, ...]:
    try:
        return tuple(read_event(each) for each in values)
    except TypeError as error:
        raise ValueError("not events") from error


class JobView(BaseModel):
    """A job as the API shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    state: JobState
    mark: Annotated[Mark, BeforeValidator(Mark.parse)] = Mark()
    """How far its events go."""
    more: bool = False
    """Than these events: they are to be asked for."""
    events: Annotated[tuple[JournalEvent, ...], BeforeValidator(_read_events)] = ()
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
    def begins_anew(self) -> bool:
        """Whether who asks for it wants another: it was to end early, or there was no room for it."""
        full = self.error is not None and self.error.code == Overloaded.code
        return self.state == "cancelled" or self.cancelling or full


class HealthView(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    state: str
    model: str
    running: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class JobsClient:
    """`name` is the backend's, for sentences."""

    name: str
    transport: Transport
    pauses_s: tuple[float, ...] = PAUSES_S

    async def submit(self, request: CompletionRequest) -> JobView:
        """Sent twice it is the same job, since its key says what is asked for under which id. It is another one once
        that was cancelled: a bot that stopped in the middle asks again when it is back."""
        order = {
            "prompt": request.prompt,
            "options": request.options.model_dump(mode="json"),
            "model": request.model,
            "keep_last_tokens": request.keep_last_tokens,
            "deadline_s": request.deadline_s,
        }
        key = f"{request.request_id}.{_digest(order)}"
        for again in range(MOST_AGAIN):
            body = {"key": f"{key}.{again}" if again else key, **order}
            job = self._job(await self._ask(Question("POST", "/v1/jobs", body=body)))
            if not job.begins_anew:
                return job
        raise BackendUnavailable(f"{self.name} was asked for this {MOST_AGAIN} times, and did not get to it.")

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
        last = asyncio.get_running_loop().time() + PATIENCE_S
        for pause_s in (*self.pauses_s, None):
            try:
                answer = await self.transport.ask(question)
                error = self._error(answer)
            except NotReached as unreached:
                error = BackendUnavailable(unreached.sentence, unreached.retry_after_s)
                answer = Answer(503, None)
            if error is None:
                return answer.body
            late = asyncio.get_running_loop().time() > last
            if pause_s is None or late or answer.status not in _TEMPORARY or _is_verdict(answer):
                raise error
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
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


def _digest(order: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()[:16]


def _is_verdict(answer: Answer) -> bool:
    """Whether Inkling itself says so, and for longer than a moment: the one who asked shall hear it."""
    said = answer.body.get("error") if isinstance(answer.body, Mapping) else None
    if not isinstance(said, Mapping):
        return False
    return answer.status == 429 or (answer.status == 503 and said.get("retry_after_s") is None)
