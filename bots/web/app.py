"""The page's web application, wired."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bots.core import Core
from bots.web.access import Guard, add_headers
from bots.web.api import PageApi
from bots.web.errors import MAX_BODY_BYTES, answer_errors
from bots.web.events import EventStream
from bots.web.generate import GenerateEndpoint
from bots.web.health import HealthEndpoint, HealthWatch
from bots.web.lasting import finish_writes
from bots.web.live import Broadcast, Changed, PageFront
from bots.web.metrics import MetricsEndpoint
from bots.web.own_api import OwnApi
from bots.web.story_api import StoryApi
from config.settings import WebSettings

PAGE = Path(__file__).parent / "page"


def create_app(core: Core, settings: WebSettings) -> web.Application:
    """The application, and the page registered as a front: call it before `core.start`."""
    broadcast = Broadcast()
    core.register("web", PageFront(broadcast))
    watch = HealthWatch(core.backends, lambda: broadcast.tell(Changed("health")))
    app = web.Application(
        middlewares=[answer_errors, Guard(settings).check, finish_writes], client_max_size=MAX_BODY_BYTES
    )
    app.on_response_prepare.append(add_headers)
    app.add_routes(PageApi(core, broadcast, watch).routes())
    app.add_routes(StoryApi(core).routes())
    app.add_routes(OwnApi(core, broadcast).routes())
    app.add_routes(_own_routes(core, broadcast, watch))
    _tie_to_life(app, broadcast, watch)
    return app


def _own_routes(core: Core, broadcast: Broadcast, watch: HealthWatch) -> list[web.AbstractRouteDef]:
    jobs = core.jobs
    gauges = {
        "inkling_requests_running": ("Requests being worked on.", lambda: float(jobs.running)),
        "inkling_requests_waiting": ("Requests that wait their turn.", lambda: float(jobs.waiting)),
        "inkling_pages_open": ("Pages that are connected.", lambda: float(broadcast.pages)),
    }
    return [
        web.get("/", _send_page),
        web.get("/api/events", EventStream(broadcast, watch).answer),
        web.post("/generate", GenerateEndpoint(core, broadcast).answer),
        web.get("/healthz", HealthEndpoint(watch, lambda: jobs.running, lambda: jobs.waiting).answer),
        web.get("/metrics", MetricsEndpoint(gauges, broadcast.ended).answer),
        web.static("/page", PAGE),
    ]


def _tie_to_life(app: web.Application, broadcast: Broadcast, watch: HealthWatch) -> None:
    async def start(_: web.Application) -> None:
        watch.start()

    async def end_streams(_: web.Application) -> None:
        broadcast.close()

    async def stop(_: web.Application) -> None:
        await watch.aclose()

    app.on_startup.append(start)
    app.on_shutdown.append(end_streams)
    app.on_cleanup.append(stop)


async def _send_page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE / "index.html")
