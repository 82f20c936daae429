"""A Chromium that reports what a page must not do: errors, and requests to anywhere else."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    usual = Path("/usr/bin/chromium")
    return str(usual) if usual.exists() else shutil.which("chromium")


needs_chromium = pytest.mark.skipif(
    find_chromium() is None and "CI" not in os.environ, reason="there is no Chromium on this machine"
)


@dataclass
class Watched:
    """A page with what it has said and asked for so far."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        assert self.complaints == []
        assert self.foreign == []


@asynccontextmanager
async def open_browser(
    url: str, width: int = 1280, height: int = 800, wait_for: str = "body:has(#side-buttons button)", **options: Any
) -> AsyncIterator[Watched]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            context = await browser.new_context(viewport={"width": width, "height": height}, **options)
            context.set_default_timeout(20_000)
            page = await context.new_page()
            watched = Watched(page, url)
            _listen(watched)
            await page.goto(url)
            await page.wait_for_selector(wait_for)
            yield watched
        finally:
            await browser.close()


def _listen(watched: Watched) -> None:
    page = watched.page

    def on_console(message: Any) -> None:
        refused = "the server responded with a status of 4" in message.text
        if message.type in ("error", "warning") and not refused:
            watched.complaints.append(message.text)

    def on_request(request: Any) -> None:
        if not request.url.startswith((watched.url, "data:")):
            watched.foreign.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", on_request)
