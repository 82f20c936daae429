"""Where things are on the page: in the channel, at an address, and when the connection is lost."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def send(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


@pytest.mark.parametrize("command", ["/forget-me", "/status"])
async def test_an_answer_stands_below_what_was_there(command: str) -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        for prompt in ("Once", "Twice"):
            await client.write(prompt)
        await expect(page.locator(".message")).to_have_count(2)
        await send(page, f"{command} ")
        await expect(page.locator("#messages > li").last).to_contain_text(f"Only you see this · {command}")
        await client.write("Thrice")
        await expect(page.locator("#messages > li").last).to_contain_text("Thrice")
        await expect(page.locator("#messages > li").nth(2)).to_contain_text(command)
        browser.assert_clean()


async def test_what_was_erased_goes_and_the_answer_stays() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await client.write("Once")
        await expect(page.locator(".message")).to_have_count(1)
        await send(page, "/forget-me erase")
        await expect(page.locator(".message")).to_have_count(0)
        await expect(page.locator("#messages > li")).to_contain_text("Erased 1 of your requests")
        browser.assert_clean()
