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


async def test_back_closes_a_thread_and_reload_keeps_it() -> None:
    async with serve_page() as client, open_browser(client.url, 390, 844, has_touch=True) as browser:
        page, thread = browser.page, browser.page.locator("#thread")
        request_id = await client.write("Once")
        await page.locator(".open-thread").tap()
        await expect(thread).to_be_visible()
        assert page.url.endswith(f"#general/{request_id}")
        await page.go_back()
        await expect(thread).to_be_hidden()
        await page.go_forward()
        await expect(thread).to_contain_text("Once a lighthouse keeper")
        await page.reload()
        await expect(thread).to_contain_text("Once a lighthouse keeper")
        await page.get_by_role("button", name="Close the thread").tap()
        await expect(thread).to_be_hidden()
        await page.wait_for_url(lambda url: not url.endswith(request_id))
        browser.assert_clean()


async def test_an_address_with_a_thread_opens_it_and_other_channels_close_it() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, thread = browser.page, browser.page.locator("#thread")
        request_id = await client.write("Ode to", channel="poems")
        await page.goto(f"{client.url}/#poems/{request_id}")
        await expect(thread).to_contain_text("Ode to a lighthouse keeper")
        await page.get_by_role("link", name="general").click()
        await expect(thread).to_be_hidden()
        await expect(page.locator("#channel-title")).to_have_text("general")
        await page.go_back()
        await expect(thread).to_contain_text("Ode to a lighthouse keeper")
        await client.act(request_id, "delete")
        await expect(thread).to_be_hidden()
        await expect(page).to_have_url(f"{client.url}/#poems")
        await page.goto(f"{client.url}/#poems/01J00000000000000000000000")
        await expect(page).to_have_url(f"{client.url}/#poems")
        browser.assert_clean()


async def test_every_browser_lists_the_channels_with_messages() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        channels = browser.page.locator("#channels")
        await expect(channels).to_have_text("general")
        await client.write("Ode to", channel="poems")
        await expect(channels.get_by_role("link")).to_have_text(["general", "poems"])
        await browser.page.reload()
        await channels.get_by_role("link", name="poems").click()
        await expect(browser.page.locator(".quote")).to_have_text("Ode to")
        await expect(channels.get_by_role("button")).to_have_count(0)
        browser.assert_clean()


async def test_a_lost_connection_leaves_the_newest_message_in_sight() -> None:
    async with serve_page() as client, open_browser(client.url, 390, 844) as browser:
        page = browser.page
        for number in range(6):
            await client.write(f"{number}, Once")
        newest = page.locator(".message").nth(5)
        await expect(newest).to_be_in_viewport(ratio=1)
        await client.server.aclose()
        await expect(page.locator("#connection")).to_be_visible()
        await expect(newest).to_be_in_viewport(ratio=1)
        await page.set_viewport_size({"width": 390, "height": 500})
        await expect(newest.locator(".preview-meta")).to_be_in_viewport(ratio=1)
