from __future__ import annotations

from backends.aws.worker.service import with_room
from config.sampling import MAX_SAMPLES
from config.settings import EchoBackendSettings, LocalBackendSettings, Settings


def test_an_engine_has_room_for_all_that_a_worker_takes() -> None:
    local, echo = LocalBackendSettings(model="gpt2", max_waiting=64), EchoBackendSettings(kind="echo")
    settings = Settings(default_backend="a", backends={"a": local, "b": echo})
    roomy = with_room(settings, 16).backends
    assert roomy["a"] == local.model_copy(update={"max_waiting": 16 * MAX_SAMPLES})
    assert roomy["b"] == echo
    assert with_room(settings, 1).backends["a"] == local
