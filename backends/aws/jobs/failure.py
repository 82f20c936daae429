"""An error of `config.errors` as a record: written by whoever noticed it, raised again where the request came from."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from config.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    EngineFailed,
    EngineRefused,
    InklingError,
    InvalidOptions,
    NotAllowed,
    NotFound,
    Overloaded,
    PromptTooLong,
    RetryableError,
)

_RETRYABLE: dict[str, type[RetryableError]] = {
    kind.code: kind for kind in (BackendUnavailable, DeadlineExceeded, EngineFailed, EngineRefused, Overloaded)
}
_PLAIN: dict[str, type[InklingError]] = {kind.code: kind for kind in (NotAllowed, NotFound)}


class Failure(BaseModel):
    """`sentence` is for people; the rest is what the error's class knows beside it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    sentence: str
    option: str | None = None
    retry_after_s: float | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    max_model_len: int | None = None

    @classmethod
    def of(cls, error: InklingError) -> Self:
        return cls(
            code=error.code,
            sentence=error.sentence,
            option=getattr(error, "name", None),
            retry_after_s=getattr(error, "retry_after_s", None),
            model=getattr(error, "model", None),
            prompt_tokens=getattr(error, "prompt_tokens", None),
            max_tokens=getattr(error, "max_tokens", None),
            max_model_len=getattr(error, "max_model_len", None),
        )

    def error(self) -> InklingError:
        """The error it was. A code that this version doesn't know comes back as EngineFailed."""
        if self.code == PromptTooLong.code and self.model and self.prompt_tokens and self.max_tokens:
            return PromptTooLong(self.model, self.prompt_tokens, self.max_tokens, self.max_model_len or 0)
        if self.code in (InvalidOptions.code, PromptTooLong.code):
            return InvalidOptions(self.sentence, self.option)
        if self.code in _PLAIN:
            return _PLAIN[self.code](self.sentence)
        return _RETRYABLE.get(self.code, EngineFailed)(self.sentence, self.retry_after_s)
