"""One tree of errors. Each message is one sentence a person can act on; adapters show it as it is.

InklingError
├── InvalidOptions       a sampling option or command argument is wrong
│   └── PromptTooLong    the prompt does not fit the model; says by how much
├── InvalidSettings      the settings file or environment is wrong
├── NotAllowed           the rules of this place forbid it
├── NotFound             nothing has that id, name or preset
├── Overloaded           the queue is full; try again in retry_after_s
├── DeadlineExceeded     it took longer than allowed; partial text is kept
├── BackendUnavailable   nothing answers there
│   └── EngineRefused    the engine can never start with these settings or this model
├── PlatformUnavailable  Discord or Slack can't be reached
└── EngineFailed         the backend answered, and broke
"""

from __future__ import annotations


class InklingError(Exception):
    """Base of every error that is meant for a person to read."""

    code = "error"

    @property
    def sentence(self) -> str:
        return str(self)


class InvalidOptions(InklingError):
    """An option or argument is out of range, unknown or unreadable. `name` is the option, if it is one."""

    code = "invalid_options"

    def __init__(self, sentence: str, name: str | None = None) -> None:
        super().__init__(sentence)
        self.name = name


class PromptTooLong(InvalidOptions):
    """The prompt has `prompt_tokens` tokens; the model takes `limit` of them beside the length asked for."""

    code = "context_length_exceeded"

    def __init__(self, model: str, prompt_tokens: int, max_tokens: int, max_model_len: int) -> None:
        super().__init__(
            f"That prompt is {prompt_tokens:,} tokens; {model} takes {max_model_len:,} "
            f"minus the {max_tokens:,} you asked for.",
            "prompt",
        )
        self.model = model
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens
        self.max_model_len = max_model_len

    @property
    def limit(self) -> int:
        """How many prompt tokens would fit; can be 0 or less when the length alone fills the model."""
        return self.max_model_len - self.max_tokens


class InvalidSettings(InklingError):
    """The operator's settings can't be used. The process exits with code 2 and this sentence."""

    code = "invalid_settings"


class NotAllowed(InklingError):
    code = "not_allowed"


class NotFound(InklingError):
    code = "not_found"


class RetryableError(InklingError):
    """Trying again may help, after `retry_after_s` seconds when that is known."""

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Overloaded(RetryableError):
    code = "overloaded"


class DeadlineExceeded(RetryableError):
    code = "deadline_exceeded"


class BackendUnavailable(RetryableError):
    code = "backend_unavailable"


class EngineRefused(BackendUnavailable):
    code = "engine_refused"


class PlatformUnavailable(RetryableError):
    """Discord or Slack can't be reached. The process exits with code 1 and this sentence when that is at its start."""

    code = "platform_unavailable"


class EngineFailed(RetryableError):
    code = "engine_failed"
