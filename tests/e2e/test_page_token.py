"""The form before the page, when it has a token."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from pydantic import SecretStr

from config.settings import WebSettings
from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def test_a_wrong_token_is_told_and_the_right_one_opens() -> None:
    web = WebSettings(port=0, token=SecretStr("sesame"))
    async with serve_page(web=web) as client, open_browser(client.url, wait_for="#token") as browser:
        page, field = browser.page, browser.page.get_by_label("Token")
        await expect(field).to_be_focused()
        assert await page.locator("h1").evaluate("(title) => getComputedStyle(title).display") == "flex"
        await page.keyboard.type("parsley")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("That token is not right.")
        await expect(field).to_be_focused()
        await page.keyboard.type("sesame")
        await page.keyboard.press("Enter")
        await expect(page.locator("#channel-title")).to_have_text("general")
        browser.assert_clean()
