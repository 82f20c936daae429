"""What the buttons on a result do in the browser, and where the focus is afterwards."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def choose(page: Page, item: str) -> None:
    """From the last result's menu, with the keyboard alone."""
    await page.locator(".result").last.get_by_role("button", name="More").press("Enter")
    await page.get_by_role("menuitem", name=item, exact=True).press("Enter")


async def test_undo_says_what_it_undoes_and_can_be_undone() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, result = browser.page, browser.page.locator(".result")
        first = await client.write("Once")
        await client.core.jobs.wait((await client.act(first, "continue"))["request_id"])
        await page.locator(".open-thread").click()
        await expect(result).to_have_count(2)
        await choose(page, "Undo this continuation")
        await expect(result).to_have_count(1)
        await choose(page, "Undo this request")
        await expect(page.locator(".message")).to_have_count(0)
        await expect(page.get_by_role("button", name="Put it back")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(result).to_be_visible()
        await expect(page.locator(".offer")).to_have_count(0)
        await client.act(first, "again")
        await expect(page.locator(".pager-count")).to_have_text("2 of 2")
        await choose(page, "Undo this version")
        await expect(page.locator(".pager-count")).to_have_count(0)
        await page.get_by_role("button", name="Put it back").click()
        await expect(page.locator(".pager-count")).to_have_text("2 of 2")
        browser.assert_clean()
