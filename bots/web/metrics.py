"""GET /metrics of the bot process, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Metric = CounterMetricFamily | GaugeMetricFamily


class _PageCollector(Collector):
    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]], ended: Mapping[str, int]) -> None:
        self._gauges = gauges
        self._ended = ended

    def collect(self) -> Iterator[Metric]:
        for name, (help_text, read) in self._gauges.items():
            yield GaugeMetricFamily(name, help_text, value=read())
        results = CounterMetricFamily(
            "inkling_page_results", "The page's results by how they ended.", labels=["status"]
        )
        for status, count in self._ended.items():
            results.add_metric([status], count)
        yield results


class MetricsEndpoint:
    """`gauges`: name → what it says, and how to read it. `ended`: status → count, read at each scrape."""

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]], ended: Mapping[str, int]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_PageCollector(gauges, ended))

    async def answer(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), content_type="text/plain", charset="utf-8")
