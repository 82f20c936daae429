"""A story's tree and two results side by side in the browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import PageClient, serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

expect.set_options(timeout=20_000)


async def done(client: PageClient, request_id: str, action: str) -> str:
    made: str = (await client.act(request_id, action))["request_id"]
    await client.core.jobs.wait(made)
    return made


async def test_the_tree_is_walked_with_the_keyboard_and_gone_on_from() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        first = await client.write("Once 👩‍🚀 كان")
        await done(client, first, "again")
        await page.locator(".open-thread").click()
        await page.locator(".result").get_by_role("button", name="More").press("Enter")
        await page.get_by_role("menuitem", name="Story and its tree").press("Enter")
        rows = page.locator("dialog .tree button")
        await expect(rows).to_have_count(2)
        await expect(rows.nth(1)).to_have_attribute("aria-current", "true")
        other = await rows.nth(0).inner_text()
        await rows.nth(0).press("Enter")
        # The way taken is drawn below the others: the row may have moved.
        here = page.locator("dialog .tree [aria-current]")
        await expect(here).to_have_text(other.replace("\n", ""))
        await expect(here).to_be_focused()
        await expect(page.locator("dialog .walker > .story")).to_contain_text("Once 👩‍🚀 كان")
        await page.get_by_role("button", name="Go on from here").press("Enter")
        await expect(page.locator("dialog")).to_have_count(0)
        await expect(page.locator(".result")).to_have_count(2)
        [*_, last] = await client.history()
        assert last["parent_id"] == first
        browser.assert_clean()


async def test_typed_it_opens_and_shows_a_picture_that_fits_a_phone() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await page.set_viewport_size({"width": 390, "height": 844})
        await client.write("Once")
        await page.locator("#text").fill("/story")
        await page.locator("#text").press("Enter")
        await page.get_by_text("As a picture").click()
        picture = page.locator(".tree-picture")
        await expect(picture).to_have_js_property("naturalWidth", 780)
        box = await picture.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        browser.assert_clean()


async def test_two_sides_stand_in_two_columns_and_take_a_vote() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        await page.locator("#text").fill("/compare length=3 vs length=4 seed=7 The sea")
        await page.locator("#text").press("Enter")
        halves = page.locator(".result.half")
        await expect(halves).to_have_count(2)
        boxes = [await halves.nth(index).bounding_box() for index in range(2)]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
        assert boxes[0]["y"] == boxes[1]["y"]
        vote = halves.nth(1).get_by_role("button", name="This one is better")
        await vote.press("Enter")
        await expect(vote).to_have_text("1")
        await expect(vote).to_have_attribute("aria-pressed", "true")
        other = halves.nth(0).get_by_role("button", name="This one is better")
        await other.press("Enter")
        await expect(other).to_have_text("1")
        await expect(vote).to_have_text("0")
        await expect(vote).to_have_attribute("aria-pressed", "false")
        browser.assert_clean()
