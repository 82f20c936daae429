"""Figures for Prometheus, in a registry of their own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from generation.event_feed import PlacedEvent
from generation.types import EngineStats, SampleEnded

_FIRST_TOKEN_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
_NEXT_TOKEN_S = (0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28)
_WINDOW = 10
"""The speed is the mean over so many readings, one a second."""

StatsSource = Callable[[], EngineStats | None]


class EngineMetrics:
    """`read_stats` gives the engine's counters; None while there is no engine."""

    def __init__(self, read_stats: StatsSource) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_StatsCollector(read_stats, self.tokens_per_second))
        self._read_stats = read_stats
        self._readings: deque[tuple[float, int]] = deque(maxlen=_WINDOW + 1)
        self.requests = Counter(
            "inkling_requests", "Answered requests by path and status.", ("path", "status"), registry=self._registry
        )
        self.broken_streams = Counter(
            "inkling_broken_streams", "Streams that ended with an error after they began.", registry=self._registry
        )
        self.first_token = Histogram(
            "inkling_time_to_first_token_seconds",
            "From the request to its first text.",
            buckets=_FIRST_TOKEN_S,
            registry=self._registry,
        )
        self.next_token = Histogram(
            "inkling_time_per_token_seconds",
            "Mean time of each token after the first, per sample.",
            buckets=_NEXT_TOKEN_S,
            registry=self._registry,
        )

    def start_clock(self) -> RequestClock:
        return RequestClock(self)

    def read_speed(self) -> None:
        """Take a reading for `tokens_per_second`; to be called about once a second."""
        stats = self._read_stats()
        if stats is not None:
            self._readings.append((time.monotonic(), stats.completion_tokens_total))

    def tokens_per_second(self) -> float:
        if len(self._readings) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._readings[0], self._readings[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0

    def render(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)


class RequestClock:
    """Times one request from now on."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics
        self._started = time.perf_counter()
        self._first_at: dict[tuple[int, int], float] = {}

    def hear(self, placed: PlacedEvent) -> None:
        """Text of a sample, or its end."""
        event, now = placed.event, time.perf_counter()
        sample = (placed.prompt, getattr(event, "sample", 0))
        if sample not in self._first_at:
            if not self._first_at:
                self._metrics.first_token.observe(now - self._started)
            self._first_at[sample] = now
        if isinstance(event, SampleEnded) and event.completion_tokens > 1:
            self._metrics.next_token.observe((now - self._first_at[sample]) / (event.completion_tokens - 1))


class _StatsCollector(Collector):
    def __init__(self, read_stats: StatsSource, read_speed: Callable[[], float]) -> None:
        self._read_stats = read_stats
        self._read_speed = read_speed

    def collect(self) -> Iterable[Metric]:
        stats = self._read_stats() or EngineStats(0, 0, 0, 0, 0)
        yield GaugeMetricFamily("inkling_running", "Samples being written now.", stats.running)
        yield GaugeMetricFamily("inkling_waiting", "Samples in the queue.", stats.waiting)
        yield GaugeMetricFamily(
            "inkling_tokens_per_second", "Tokens written, mean of the last seconds.", self._read_speed()
        )
        if stats.path:
            yield InfoMetricFamily("inkling_runner", "What runs the model, at which precision.", {"path": stats.path})
        yield CounterMetricFamily("inkling_prompt_tokens", "Prompt tokens read.", stats.prompt_tokens_total)
        yield CounterMetricFamily("inkling_completion_tokens", "Tokens written.", stats.completion_tokens_total)
        yield CounterMetricFamily("inkling_steps", "Steps of the engine.", stats.steps_total)
