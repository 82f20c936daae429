"""The chat page in a real browser, as people use it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from backends.protocol import BackendHealth
from backends.store.sqlite import SqliteStore
from bots.web.identity import WORKSPACE
from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import PageClient, serve_page
from tests.fakes.scripted_backend import ScriptedBackend

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def type_and_send(page: Page, text: str) -> None:
    await page.locator("#text").focus()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_a_story_from_first_word_to_reload() -> None:
    backend = ScriptedBackend()
    backend.hold(after=4)
    async with serve_page(backend) as client, open_browser(client.url) as browser:
        page = browser.page
        await expect(page.get_by_role("heading", name="Begin something.")).to_be_visible()
        await type_and_send(page, "/complete temperature=0.7 Once upon a time there was")
        await expect(page.locator(".completion")).to_have_text(" a lighthouse keeper who")
        await expect(page.locator(".story .prompt")).to_have_text("Once upon a time there was")
        await expect(page.locator(".story .cursor")).to_be_visible()
        await page.get_by_role("button", name="Stop").click()
        await expect(page.locator(".footer")).to_contain_text("stopped by @you")
        await expect(page.locator(".story .cursor")).to_be_hidden()

        backend.let_go()
        await page.get_by_role("button", name="Add a reaction").click()
        await page.get_by_role("menuitem", name="Again").click()
        await expect(page.locator(".pager-count")).to_have_text("2 of 2")
        await expect(page.locator(".footer")).to_contain_text("reached the end")
        await page.get_by_role("button", name="Earlier version").click()
        await expect(page.locator(".footer")).to_contain_text("stopped by @you")

        await page.reload()
        await page.locator(".open-thread").click()
        await expect(page.locator(".pager-count")).to_have_text("2 of 2")
        await expect(page.locator(".quote")).to_have_text("Once upon a time there was")
        await expect(page.locator(".completion")).to_contain_text("to hear the bells.")
        browser.assert_clean()


async def test_the_story_goes_on_varies_and_goes_back() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await page.locator(".example").first.click()
        result = page.locator(".result")
        await expect(result.locator(".footer")).to_contain_text("reached the end")
        await result.get_by_role("button", name="Continue").click()
        await expect(result).to_have_count(2)
        await expect(result.nth(1).locator(".footer")).to_contain_text("reached the end")
        await expect(page.locator(".preview-meta")).to_have_text("1 continuation")

        await result.nth(1).get_by_role("button", name="Vary").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("spinbutton", name="Temperature").fill("1.5")
        await dialog.get_by_role("button", name="Write again").click()
        await expect(result.nth(1).locator(".heading")).to_contain_text("temperature 1.5")

        await result.nth(1).get_by_role("button", name="More").click()
        await page.get_by_role("menuitem", name="Undo").click()
        await expect(result.nth(1).locator(".heading")).to_contain_text("temperature 0.8")
        await result.nth(1).get_by_role("button", name="More").click()
        await page.get_by_role("menuitem", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(result).to_have_count(1)
        browser.assert_clean()


async def test_only_the_keyboard() -> None:
    backend = ScriptedBackend()
    backend.hold(after=2)
    async with serve_page(backend) as client, open_browser(client.url) as browser:
        page = browser.page
        text = page.locator("#text")
        await expect(text).to_be_focused()
        await expect(page.locator(".health")).to_contain_text("ready")
        await page.keyboard.type("/co")
        await expect(page.get_by_role("option", name="/complete")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.type("tem")
        await expect(text).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("Tab")
        await page.keyboard.type("0.5 Once")
        await expect(text).to_have_value("/complete temperature=0.5 Once")
        await expect(page.locator("#options").get_by_role("spinbutton", name="Temperature")).to_have_value("0.5")
        await page.keyboard.press("Enter")
        await expect(page.locator(".completion")).to_have_text(" a lighthouse")
        await page.keyboard.press("Escape")
        await expect(page.locator(".footer")).to_contain_text("stopped by @you")
        await page.keyboard.press("Escape")
        await expect(page.locator("#thread")).to_be_hidden()
        await page.keyboard.press("ArrowUp")
        await expect(text).to_have_value("/complete temperature=0.5 Once")
        await page.keyboard.press("Shift+Enter")
        await expect(text).to_have_value("/complete temperature=0.5 Once\n")
        browser.assert_clean()


async def test_sliders_and_command_say_the_same() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        options = page.locator("#options")
        if await options.is_hidden():
            await page.get_by_role("button", name="Options", exact=True).click()
        await page.locator("#text").fill("Once upon a time")
        await options.get_by_role("spinbutton", name="Length").fill("12")
        await expect(page.locator("#text")).to_have_value("/complete length=12 Once upon a time")
        await options.get_by_role("slider", name="Samples").press("ArrowRight")
        await expect(page.locator("#text")).to_have_value("/complete length=12 samples=2 Once upon a time")
        await page.locator("#text").fill("/complete length=30 Once")
        await expect(options.get_by_role("spinbutton", name="Length")).to_have_value("30")
        await options.get_by_role("spinbutton", name="Length").fill("")
        await expect(page.locator("#text")).to_have_value("/complete Once")
        browser.assert_clean()


async def test_mistakes_keep_the_text_and_private_answers_are_private() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await expect(page.locator(".health")).to_contain_text("ready")
        await type_and_send(page, "/complete temperature=3 Once")
        await expect(page.get_by_role("alert")).to_have_text("temperature must be between 0 and 2; you gave 3.")
        await expect(page.locator("#text")).to_have_value("/complete temperature=3 Once")
        await page.locator("#text").fill("")
        await page.keyboard.type("/")
        await expect(page.locator("#suggest")).to_be_visible()
        await page.locator("#text").fill("")
        await expect(page.locator("#suggest")).to_be_hidden()
        await type_and_send(page, "/status ")
        await expect(page.locator(".private-notice")).to_contain_text("Only you see this")
        await expect(page.locator(".private-notice")).to_contain_text("smollm2-135m is ready.")
        browser.assert_clean()


async def test_help_and_settings() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, dialog = browser.page, browser.page.get_by_role("dialog")
        await client.post("/api/config", {"action": "set", "name": "stop", "value": "\\n\\n"})
        await expect(page.locator(".health")).to_contain_text("ready")
        await page.get_by_role("button", name="Help").click()
        await expect(dialog).to_contain_text("/completeFinish a text.")
        await expect(dialog).to_contain_text("temperatureHigher is bolder")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await page.get_by_role("button", name="Settings").click()
        await dialog.get_by_label("Max length").fill("0")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("must be at least 1")
        await dialog.get_by_label("Max length").fill("50")
        await dialog.get_by_label("Regenerate emoji").fill("🎲")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        rules = (await client.store.workspace(WORKSPACE)).settings
        assert rules.defaults.stop == ("\n\n",), "a field that nobody touched was saved"
        await page.locator("#text").fill("/complete length=99 Once")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notes")).to_have_text("length 99 → 50 (this server's ceiling)")
        await page.get_by_role("button", name="Add a reaction").click()
        await expect(page.get_by_role("menuitem", name="Again")).to_have_text("🎲")
        browser.assert_clean()


async def test_text_is_only_ever_text() -> None:
    backend = ScriptedBackend(text="<img src=x onerror=alert(1)> </p><script>alert(2)</script> &amp; done")
    async with serve_page(backend) as client, open_browser(client.url) as browser:
        await type_and_send(browser.page, "<b>bold</b> and")
        await expect(browser.page.locator(".completion")).to_contain_text("</p><script>alert(2)</script> &amp; done")
        await expect(browser.page.locator(".quote")).to_have_text("<b>bold</b> and")
        assert await browser.page.locator(".story img, .story b, .message img").count() == 0
        browser.assert_clean()


async def test_on_a_phone() -> None:
    async with serve_page() as client, open_browser(client.url, 390, 844, has_touch=True) as browser:
        page = browser.page
        await page.locator(".example").first.tap()
        await expect(page.locator(".footer")).to_contain_text("reached the end")
        await page.get_by_role("button", name="Close the thread").tap()
        await expect(page.locator("#thread")).to_be_hidden()
        await page.get_by_role("button", name="Channels").tap()
        await page.get_by_label("Name of a new channel").fill("Poems")
        await page.keyboard.press("Enter")
        await expect(page.locator("#channel-title")).to_have_text("poems")
        await expect(page.get_by_role("heading", name="Begin something.")).to_be_visible()
        await page.get_by_role("button", name="Options", exact=True).tap()
        await page.locator("#options").get_by_role("spinbutton", name="Samples").fill("2")
        await page.get_by_role("button", name="Close options").tap()
        await expect(page.locator("#text")).to_have_value("/complete samples=2 ")
        assert await _widest(page) <= 390
        browser.assert_clean()


async def _widest(page: Page) -> int:
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return width


async def test_a_model_that_wakes_up_and_a_server_that_comes_back() -> None:
    store, backend = await SqliteStore.open(None), ScriptedBackend()
    backend.state = BackendHealth("starting", "Loading smollm2-135m, 40 % done.")
    async with serve_page(backend, store) as client, open_browser(client.url) as browser:
        page = browser.page
        await expect(page.locator("#waking")).to_contain_text("Waking the model … Loading smollm2-135m, 40 % done.")
        backend.state = BackendHealth("ready", "Ready.")
        await expect(page.locator("#waking")).to_be_hidden()
        await client.server.aclose()
        await expect(page.locator("#connection")).to_contain_text("The connection to Inkling is lost")
        await expect(page.locator("#health")).to_have_text("Not connected")
        await type_and_send(page, "Once")
        await expect(page.get_by_role("alert")).to_contain_text("I can't reach Inkling")
        await expect(page.locator("#text")).to_have_value("Once")
        port = int(client.url.rpartition(":")[2])
        async with serve_page(ScriptedBackend(), store, port=port) as again:
            await _expect_recovery(page, again)
    await store.aclose()


async def _expect_recovery(page: Page, client: PageClient) -> None:
    await expect(page.locator("#connection")).to_be_hidden()
    await expect(page.locator("#health")).to_contain_text("ready")
    await client.write("Written elsewhere")
    await expect(page.locator(".quote")).to_have_text("Written elsewhere")
    await page.locator("#text").press("Enter")
    await expect(page.locator(".quote").last).to_have_text("Once")
