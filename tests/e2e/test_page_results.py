"""What the buttons on a result do in the browser, and where the focus is afterwards."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page
from tests.fakes.scripted_backend import ScriptedBackend

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


async def test_the_focus_stays_with_the_result() -> None:
    backend = ScriptedBackend()
    async with serve_page(backend) as client, open_browser(client.url) as browser:
        page = browser.page
        await client.write("Once")
        await page.locator(".open-thread").press("Enter")
        backend.hold(after=2)
        await page.get_by_role("button", name="Again").press("Enter")
        await expect(page.get_by_role("button", name="Stop")).to_be_focused()
        backend.let_go()
        await expect(page.get_by_role("button", name="Again", exact=True)).to_be_focused()
        await page.get_by_role("button", name="Add a reaction").press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.locator(".pager-count")).to_have_text("3 of 3")
        await expect(page.locator(".reactions :focus")).to_have_count(1)
        await page.keyboard.press("Escape")
        await expect(page.locator("#thread")).to_be_hidden()
        await expect(page.locator(".open-thread")).to_be_focused()
        browser.assert_clean()


async def test_esc_leads_to_the_message_of_a_thread_that_opened_by_itself() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await page.locator("#text").fill("Once")
        await page.locator("#text").press("Enter")
        await page.get_by_role("button", name="Vary").focus()
        await page.keyboard.press("Escape")
        await expect(page.locator(".open-thread")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.locator("#text").focus()
        await page.keyboard.press("Escape")
        await expect(page.locator("#thread")).to_be_hidden()
        await expect(page.locator("#text")).to_be_focused()
        browser.assert_clean()


async def test_dialogs_begin_where_one_writes_and_give_the_focus_back() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, dialog = browser.page, browser.page.get_by_role("dialog")
        await client.write("Once")
        await page.locator(".open-thread").press("Enter")
        await page.get_by_role("button", name="Vary").press("Enter")
        await expect(dialog.get_by_role("spinbutton", name="Temperature")).to_be_focused()
        await page.keyboard.press("Control+A")
        await page.keyboard.type("1.5")
        await page.keyboard.press("Enter")
        await expect(page.locator(".pager-count")).to_have_text("2 of 2")
        await expect(page.locator(".actions :focus")).to_have_count(1)
        await choose(page, "Delete")
        await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="More")).to_be_focused()
        browser.assert_clean()


async def test_a_picked_sample_stays_marked_and_an_edited_continuation_says_so() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, result = browser.page, browser.page.locator(".result")
        await client.write("/complete samples=3 Once")
        await page.locator(".open-thread").click()
        await page.get_by_role("button", name="Pick this and go on").nth(1).click()
        await expect(result).to_have_count(2)
        await expect(page.locator(".sample.picked .count")).to_have_text("2/3Picked")
        await expect(result.nth(1).locator(".result-head .tag")).to_have_text("Continued from 2/3")
        await expect(
            result.nth(1).get_by_role("button", name="Again")
        ).to_be_visible()  # It has ended, and stays as it is.
        await choose(page, "Edit the prompt")
        await page.get_by_role("dialog").get_by_label("Prompt").fill("Twice")
        await page.get_by_role("dialog").get_by_role("button", name="Write again").click()
        await expect(result.nth(1).locator(".result-head .tag")).to_have_text("Continued from 2/3, then edited")
        await expect(page.locator(".sample.picked .count")).to_have_text("2/3Picked")
        browser.assert_clean()


async def test_a_private_result_has_its_lock_in_the_channel_too() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await page.get_by_role("button", name="Mark private").click()
        await page.locator("#text").fill("Once")
        await page.locator("#text").press("Enter")
        await expect(page.locator(".message .tag")).to_have_text("Private")
        await expect(page.locator(".result-head .tag")).to_have_text("Private")
        await expect(page.get_by_role("button", name="Mark private")).to_have_attribute("aria-pressed", "true")
        browser.assert_clean()


async def test_a_preview_shows_words_not_blank_lines() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        client.backend.words = [":", "\n\n", "Dear", " all"]
        await client.write("Once")
        await expect(browser.page.locator(".preview")).to_have_text(":\nDear all")
        browser.assert_clean()


async def test_an_opened_thread_shows_its_beginning() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, body = browser.page, browser.page.locator(".thread-body")
        first = await client.write("Once")
        for _ in range(3):
            await client.core.jobs.wait((await client.act(first, "continue"))["request_id"])
        for height in range(560, 1000, 40):
            await page.set_viewport_size({"width": 1280, "height": height})
            await page.locator(".open-thread").click()
            await expect(page.locator(".result")).to_have_count(4)
            await expect(page.locator(".result-head").first).to_be_in_viewport(ratio=1)
            assert await body.evaluate("(body) => body.scrollTop") == 0
            await page.get_by_role("button", name="Close the thread").click()
            await expect(page.locator("#thread")).to_be_hidden()
        browser.assert_clean()
