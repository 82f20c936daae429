"""What servers of the completions API answer, as far as Inkling reads it. Unknown fields are read over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _none_as_empty(value: object) -> object:
    return "" if value is None else value


class LogprobsBlock(_Answer):
    tokens: tuple[str, ...] = ()
    token_logprobs: tuple[float | None, ...] = ()
    top_logprobs: tuple[dict[str, float] | None, ...] | None = None

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if len(self.tokens) != len(self.token_logprobs):
            raise ValueError("each token needs one logprob")
        return self

    @classmethod
    def joined(cls, parts: Sequence[LogprobsBlock]) -> LogprobsBlock:
        """Those of one text, in its order."""
        # Each was validated when it came, and together they may be long.
        return cls.model_construct(
            tokens=tuple(chain.from_iterable(part.tokens for part in parts)),
            token_logprobs=tuple(chain.from_iterable(part.token_logprobs for part in parts)),
            top_logprobs=tuple(chain.from_iterable(part.top_logprobs or (None,) * len(part.tokens) for part in parts)),
        )


class NextCandidate(_Answer):
    token: str
    logprob: float
    tempered_logprob: float | None = None
    kept_logprob: float | None = None


class NextTokensBlock(_Answer):
    """What our engine's first new token is drawn from."""

    candidates: tuple[NextCandidate, ...]
    kept_count: int
    kept_mass: float


class Choice(_Answer):
    """A piece of one sample. `stop_reason`, `completion_tokens` and `next_tokens` are extras of our engine, the first
    also of vLLM."""

    index: int = 0
    text: Annotated[str, BeforeValidator(_none_as_empty)] = ""
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    completion_tokens: int | None = None
    logprobs: Any = None
    """In a shape of the server's own; who asked for them reads them as `LogprobsBlock`."""
    next_tokens: NextTokensBlock | None = None


class Usage(_Answer):
    completion_tokens: int | None = None


class CompletionChunk(_Answer):
    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None


class ModelCard(_Answer):
    id: str
    owned_by: str | None = None


class ModelList(_Answer):
    data: tuple[ModelCard, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(card.id for card in self.data)


class EngineStatus(_Answer):
    """Our engine's /health. `progress` goes from 0 to 1 while the model loads."""

    status: str
    detail: str | None = None
    progress: float | None = None
    model: str | None = None
    running: int = 0
    waiting: int = 0


class ErrorDetail(_Answer):
    """An error as OpenAI, vLLM, llama-server, TGI and FastAPI spell it, brought to one form."""

    message: str = ""
    type: str | None = None
    code: str | None = None
    param: str | None = None
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    max_model_len: int | None = None

    @classmethod
    def from_json(cls, answer: Any) -> ErrorDetail:
        """Read any of the known shapes; what is in none of them gives an empty message."""
        body = answer.get("error", answer) if isinstance(answer, dict) else {}
        if isinstance(body, str):
            return cls(message=body, type=_text(answer.get("error_type")))
        if not isinstance(body, dict):
            return cls()
        if "detail" in body and "message" not in body:
            return _from_fastapi(body["detail"])
        return cls(
            message=_text(body.get("message")) or "",
            type=_text(body.get("type")),
            code=_text(body.get("code")),
            param=_text(body.get("param")),
            prompt_tokens=_whole(body.get("prompt_tokens", body.get("n_prompt_tokens"))),
            max_tokens=_whole(body.get("max_tokens")),
            max_model_len=_whole(body.get("max_model_len", body.get("n_ctx"))),
        )


def _from_fastapi(detail: object) -> ErrorDetail:
    """FastAPI's {"detail": "…"} or {"detail": [{"loc": ["body", "top_k"], "msg": "…"}]}; never its echoed input."""
    first = detail[0] if isinstance(detail, list) and detail else detail
    if not isinstance(first, dict):
        return ErrorDetail(message=_text(first) or "")
    location = first.get("loc")
    param = _text(location[-1]) if isinstance(location, list) and location else None
    return ErrorDetail(message=_text(first.get("msg")) or "", type=_text(first.get("type")), param=param)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
