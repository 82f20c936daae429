"""Writing with options in the browser: what is kept for the next text, and where the keys go."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from bots.commands.help import COMMANDS
from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def ready(page: Page) -> None:
    await expect(page.locator(".health")).to_contain_text("ready")


async def test_options_stay_for_the_next_text_until_they_are_reset() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, text = browser.page, browser.page.locator("#text")
        await ready(page)
        await page.locator("#options").get_by_role("slider", name="Samples").press("ArrowRight")
        await page.keyboard.type("Once")
        await expect(text).to_have_value("/complete samples=2 Once")
        await page.keyboard.press("Enter")
        await expect(text).to_have_value("/complete samples=2 ")
        await expect(page.locator(".tool i")).to_have_text(" · samples 2")
        await page.keyboard.type("Twice --private")
        await page.keyboard.press("Enter")
        await expect(text).to_have_value("/complete samples=2 private=true ")
        await expect(page.locator(".message .heading").last).to_contain_text("2 samples")
        await page.reload()
        await ready(page)
        await expect(text).to_have_value("/complete samples=2 private=true ")
        await page.get_by_role("button", name="Reset options").click()
        await expect(text).to_have_value("")
        await expect(text).to_be_focused()
        await page.keyboard.type("Thrice")
        await page.keyboard.press("Enter")
        await expect(text).to_have_value("")
        await expect(page.get_by_role("button", name="Reset options")).to_be_hidden()
        browser.assert_clean()


async def test_kept_options_make_way_for_other_commands_and_for_what_was_sent() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, text = browser.page, browser.page.locator("#text")
        await ready(page)
        await text.fill("/complete temp=1.2 Once")
        await page.keyboard.press("Enter")
        await expect(text).to_have_value("/complete temperature=1.2 ")
        await page.keyboard.press("ArrowUp")
        await expect(text).to_have_value("/complete temp=1.2 Once")
        await page.keyboard.press("ArrowDown")
        await expect(text).to_have_value("/complete temperature=1.2 ")
        await page.keyboard.type("/status ")
        await expect(text).to_have_value("/status ")
        await page.keyboard.press("Enter")
        await expect(page.locator(".private-notice")).to_contain_text("ready")
        await expect(text).to_have_value("/complete temperature=1.2 ")
        await page.get_by_label("Name of a new channel").fill("poems")
        await page.keyboard.press("Enter")
        await expect(text).to_have_value("")
        await page.get_by_role("link", name="general").click()
        await expect(text).to_have_value("/complete temperature=1.2 ")
        browser.assert_clean()


async def test_typing_at_an_option_goes_on_in_the_text() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, text, options = browser.page, browser.page.locator("#text"), browser.page.locator("#options")
        await ready(page)
        await options.get_by_role("spinbutton", name="Length").fill("9")
        await page.keyboard.press("Enter")
        await expect(text).to_be_focused()
        await page.keyboard.type("On")
        await options.get_by_role("spinbutton", name="Top-k").focus()
        await page.keyboard.type("ce")
        await expect(text).to_have_value("/complete length=9 Once")
        await expect(page.locator(".message")).to_have_count(0)
        browser.assert_clean()


CUT = """() => [...document.querySelectorAll(".option label, .suggestion-name, .suggestion-detail")]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent)"""


@pytest.mark.parametrize("width", [390, 900, 1280, 1600])
async def test_no_label_is_cut_with_a_thread_open(width: int) -> None:
    async with serve_page() as client, open_browser(client.url, width, 800) as browser:
        page = browser.page
        await client.write("Once")
        await ready(page)
        if width > 860:
            await page.locator(".open-thread").click()
            await expect(page.locator("#thread")).to_be_visible()
        await page.locator("#text").fill("/complete temperature=1 presence_penalty=1 repetition_penalty=1.5 Once")
        if await page.locator("#options").is_hidden():
            await page.get_by_role("button", name="Options").first.click()
        await page.locator(".more-options summary").click()
        assert await page.evaluate(CUT) == []
        await page.locator("#text").fill("/")
        await expect(page.locator(".suggestion")).to_have_count(len(COMMANDS))
        assert await page.evaluate(CUT) == []
        browser.assert_clean()


async def test_the_options_close_where_a_thread_takes_their_room_and_come_back() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, options = browser.page, browser.page.locator("#options")
        await ready(page)
        await expect(options).to_be_visible()
        await page.locator("#text").fill("Once")
        await page.keyboard.press("Enter")
        await expect(options).to_be_hidden()
        await page.get_by_role("button", name="Options", exact=True).click()
        await expect(options).to_be_visible()
        await page.get_by_role("button", name="Close the thread").click()
        await expect(options).to_be_visible()
        await page.get_by_role("button", name="Options", exact=True).click()
        await page.locator(".open-thread").click()
        await page.get_by_role("button", name="Close the thread").click()
        await expect(page.locator("#thread")).to_be_hidden()
        await expect(options).to_be_hidden()
        browser.assert_clean()


async def test_a_number_out_of_range_is_told_in_words() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page, options = browser.page, browser.page.locator("#options")
        await ready(page)
        wrong = options.locator(".option-wrong:not(:empty)")
        await options.get_by_role("spinbutton", name="Temperature").fill("3")
        await expect(wrong).to_have_text("Temperature must be between 0 and 2 here.")
        await page.locator("#text").fill("/complete top_k=1.5 length=500 Once")
        await expect(wrong).to_have_text(["Top-k must be a whole number.", "Length must be between 1 and 400 here."])
        await page.locator("#text").fill("/complete length=500 Once")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".notes")).to_contain_text("length 500 → 400")
        browser.assert_clean()
