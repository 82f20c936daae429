"""📊 Why on the page, in the browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.explaining_backend import TEXT, ExplainingBackend, SlowBackend
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)
# Fits, and nothing in the drawing lies over or beside it.
INSIDE = """svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].every((text) => {
    const box = text.getBoundingClientRect();
    return box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.bottom <= frame.bottom + 1;
  });
}"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("count", [1, 10, 300])
async def test_the_drawing_names_everything_it_shows(width: int, count: int) -> None:
    text = "".join(f" {word}" for word in (["lamp", "🖋", "مرحبا"] * 100)[:count])
    async with serve_page(ExplainingBackend(text=text)) as client, open_browser(client.url, width) as browser:
        page = browser.page
        await client.write("Once upon")
        await page.locator(".open-thread").click()
        await page.get_by_role("button", name="Why").click()
        drawings = page.locator(".insight-drawing")
        await expect(drawings).to_have_count(2)
        for drawing in await drawings.all():
            assert await drawing.evaluate(INSIDE)
        titles = await page.locator(".insight-drawing title").all_text_contents()
        assert "␣there: 31.0 % → 40.0 % → 60.0 %" in titles
        assert f"␣lamp: {100 / 3:.1f} % (completion)" in titles
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        browser.assert_clean()


async def test_explain_opens_it_too_and_samples_have_one_each() -> None:
    async with serve_page(ExplainingBackend()) as client, open_browser(client.url) as browser:
        page = browser.page
        await page.locator("#text").fill("/explain Once upon")
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog h3").first).to_contain_text("What could come after")
        await page.keyboard.press("Escape")
        await client.write("/complete samples=2 Once upon")
        await page.locator(".open-thread").last.click()
        await expect(page.get_by_role("button", name="Why")).to_have_count(2)
        browser.assert_clean()


async def test_another_token_is_chosen_by_keyboard_and_the_branch_is_shown() -> None:
    async with serve_page(ExplainingBackend()) as client, open_browser(client.url) as browser:
        page = browser.page
        await client.write("Once upon")
        await page.locator(".open-thread").click()
        await page.get_by_role("button", name="Why").click()
        await page.get_by_role("button", name="␣lamp").press("Enter")
        await expect(page.locator(".choose-others button").first).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog")).to_have_count(0)
        await expect(page.locator(".result .prompt").last).to_contain_text("was a map")
        browser.assert_clean()


async def test_who_waits_for_an_explanation_is_told_why() -> None:
    backend = SlowBackend()
    async with serve_page(backend) as client, open_browser(client.url, 390) as browser:
        page = browser.page
        await client.write("Once upon")
        notice = "Reading {:,} characters …"
        for begin, characters in ((explain, 1000), (press_why, len("Once upon" + TEXT))):
            await begin(page)
            told = page.get_by_role("status").filter(has_text=notice.format(characters))
            await expect(told).to_be_visible()
            backend.go_on.set()
            await expect(page.locator("dialog h3").first).to_contain_text("What could come after")
            await expect(told).to_have_count(0)
            backend.go_on.clear()
            await page.keyboard.press("Escape")
        browser.assert_clean()


async def explain(page: Page) -> None:
    await page.locator("#text").fill("/explain " + "x" * 1000)
    await page.keyboard.press("Enter")


async def press_why(page: Page) -> None:
    await page.locator(".open-thread").click()
    await page.get_by_role("button", name="Why").click()
