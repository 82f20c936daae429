"""Health and metrics answer at once, whatever the model does."""

from __future__ import annotations

import asyncio

from backends.factory import Backends
from backends.protocol import BackendHealth
from bots.web.health import HealthWatch
from tests.fakes.page import serve_page
from tests.fakes.scripted_backend import ScriptedBackend


class SilentBackend(ScriptedBackend):
    """Never answers how it is."""

    async def health(self) -> BackendHealth:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_health_does_not_wait_for_the_model() -> None:
    async with serve_page(SilentBackend()) as page:
        await page.get("/healthz")  # The connection is open from here on.
        loop = asyncio.get_running_loop()
        times = []
        for _ in range(20):
            started = loop.time()
            answer = await page.get("/healthz")
            times.append(loop.time() - started)
        assert answer == {"status": "ok", "running": 0, "waiting": 0, "backend": "starting"}
        assert sorted(times)[10] < 0.05


async def test_health_counts_what_runs() -> None:
    backend = ScriptedBackend()
    backend.hold(after=0)
    async with serve_page(backend) as page:
        await page.send("Once")
        assert (await page.get("/healthz"))["running"] == 1


async def test_a_change_is_told_once() -> None:
    backend, told = ScriptedBackend(), []
    watch = HealthWatch(Backends({"local": backend}, "local"), lambda: told.append(watch.default.health.state))
    for state in ("starting", "starting", "ready", "ready"):
        backend.state = BackendHealth(state, f"The model is {state}.")
        await watch.refresh()
    assert told == ["starting", "ready"]
    assert watch.default.models == ("smollm2-135m", "gpt2")


class WakingBackend(ScriptedBackend):
    """Ready at the third question; counts them all."""

    asked = 0

    async def health(self) -> BackendHealth:
        self.asked += 1
        return BackendHealth("ready" if self.asked > 2 else "starting", "Nearly there.")


async def test_a_settled_backend_is_not_asked_all_the_time() -> None:
    backend = WakingBackend()
    backends = Backends({"local": backend}, "local")
    watch = HealthWatch(backends, lambda: None, every_s=0, settled_every_s=3600)
    watch.start()
    for _ in range(500):
        await asyncio.sleep(0)
    await watch.aclose()
    assert backend.asked == 3


async def test_pages_hear_that_the_model_is_awake() -> None:
    backend = ScriptedBackend()
    backend.state = BackendHealth("starting", "Loading, 40 % done.")
    async with serve_page(backend) as page, page.events() as events:
        await events.until("health")
        backend.state = BackendHealth("ready", "Awake.")
        async with asyncio.timeout(20):
            while (await events.until("health"))["backends"][0]["state"] != "ready":
                pass


async def test_metrics_count_results_by_status() -> None:
    async with serve_page() as page:
        await page.write("Once")
        async with page.http.get(f"{page.url}/metrics") as response:
            text = await response.text()
        assert response.headers["Content-Type"].startswith("text/plain")
    assert 'inkling_page_results_total{status="done"} 1.0' in text
    assert "inkling_requests_running 0.0" in text
