"""Each page's main path in Chromium, with JavaScript and without, and two browsers side by side."""

import asyncio
import time

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.browser

TERRY = ("technical_contact", "terry", "springfield")
TESS = ("technical_contact", "tess", "maple-county")
NIA = ("technical_contact", "nia", "north-haverbrook")
GALE = ("group_contact", "gale", "")
ELI = ("group_contact", "eli", "")
OPERATOR = ("operator", "op-1", "")
QUESTION = "Are you sure that you would like to delete this request?"

both = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


@both
async def test_a_contact_asks_and_takes_it_back(world, window, javascript):
    async with window(TERRY, javascript=javascript) as w:
        page = w.page
        await expect(page.locator(".bar h1")).to_have_text("Springfield Public Schools")
        await expect(page.locator("#request-list")).to_contain_text("No request yet")
        await page.click("text=New request >> nth=1")
        await page.click("button:has-text('Request')")
        await expect(page.locator(".faults")).to_contain_text("Choose a version")
        await page.select_option("#version", "2611")
        await page.select_option("#preferred_at", index=1)
        await page.fill("#note", "Before the holidays, please.")
        await page.click("button:has-text('Request')")
        await expect(page.locator(".standing")).to_contain_text("To Be Scheduled")
        await expect(page.locator("#state")).to_contain_text("Thu 26 Nov 2026, 00:30 CST")
        await page.goto(w.base + "/")
        await page.click("a.trash")
        if javascript:
            await expect(page.locator("dialog[open] h2")).to_have_text(QUESTION)
            await expect(page.locator("dialog [data-close]")).to_be_focused()
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog")).to_have_count(0)
            await expect(page.locator("a.trash")).to_be_focused()
            await page.keyboard.press("Enter")
        await expect(page.locator("h2", has_text=QUESTION)).to_be_visible()
        await page.click("button:has-text('Yes, delete')")
        await expect(page.locator(".said")).to_contain_text("cancelled; its slot is free")
        await expect(page.locator("#request-list")).to_contain_text("No request yet")
    (row,) = await world.sql("select cancelled_at, note from requests")
    assert row["cancelled_at"] is not None
    assert row["note"] == "Before the holidays, please."


@both
async def test_a_refresh_asks_for_the_name_of_the_site(world, window, javascript):
    async with window(TERRY, javascript=javascript) as w:
        page = w.page
        await w.open("/requests/new")
        await expect(page.locator("#site_name")).to_be_hidden()
        await page.check("#kind-refresh")
        await expect(page.locator("#version")).to_be_hidden()
        await page.check("input[name=target][value=staging]")
        await page.fill("#site_name", "Springfield")
        await page.click("button:has-text('Request')")
        await expect(page.locator("#site_name-fault")).to_be_visible()
        await page.fill("#site_name", "Springfield Public Schools staging")
        await page.click("button:has-text('Request')")
        await expect(page.locator("#state h2")).to_contain_text("Database refresh")


@both
async def test_an_operator_moves_a_request_and_the_contact_answers(world, window, full, javascript):
    path = f"/requests/{full['waiting']['id']}"
    async with window(OPERATOR, javascript=javascript) as w:
        page = w.page
        await expect(page.locator(".bar h1")).to_have_text("Update queue")
        await page.click("#h-to_be_scheduled + table a:has-text('2611.1')")
        await page.check("input[name=to][value=scheduled]")
        await page.select_option("#at", index=1)
        await page.click("button:has-text('Move')")
        await expect(page.locator(".standing")).to_contain_text("Scheduled")
        await page.check("input[name=to][value=pending_input]")
        await page.fill("#note", "Who tests?")
        await page.click("button:has-text('Move')")
        await expect(page.locator("#history-lines li").first).to_contain_text("Who tests?")
        await page.fill("#body", "Please tell us.")
        await page.click("button:has-text('Add message')")
        await expect(page.locator(".thread")).to_contain_text("Please tell us.")
    async with window(TESS, javascript=javascript) as w:
        await w.open(path)
        await w.page.fill("#body", "Rosa does.")
        await w.page.click("button:has-text('Answer')")
        await expect(w.page.locator(".standing")).to_contain_text("Scheduled")
        await expect(w.page.locator(".thread li")).to_have_count(2)


@both
async def test_the_board_is_searched_filtered_and_rescheduled(world, window, full, javascript):
    async with window(OPERATOR, javascript=javascript) as w:
        page = w.page
        await page.fill("input[name=q]", "maple")
        await page.click("button:has-text('Filter')")
        await expect(page.locator("#queues")).to_contain_text("Maple County")
        await expect(page.locator("#queues")).not_to_contain_text("Springfield")
        await page.select_option("select[name=target]", "preview")
        await page.click("button:has-text('Filter')")
        await expect(page.locator("#queues tbody tr")).to_have_count(1)
        await page.click("text=Clear")
        await page.click(".tabs a:has-text('Completed')")
        await expect(page.locator("#queues tbody tr")).to_have_count(1)
        await page.click(".tabs a:has-text('All open')")
        await expect(page.locator(".dock")).to_be_hidden()
        boxes = page.locator("input[name=id]")
        for n in range(await boxes.count()):
            await boxes.nth(n).check()
        await expect(page.locator(".dock")).to_be_visible()
        if javascript:
            await expect(page.locator("[data-chosen]")).to_contain_text("requests chosen")
        await page.select_option(".dock select", index=2)
        await page.click("text=Try it first")
        await expect(page.locator("main")).to_contain_text("Nothing is written yet")
        await page.click("button[name=go]")
        await expect(page.locator(".said")).to_contain_text("have new dates")


@both
async def test_group_contacts_switch_districts(world, window, javascript):
    async with window(ELI, javascript=javascript) as w:
        await w.page.select_option("#switch", "springfield")
        await w.page.click(".switch button")
        await expect(w.page.locator(".bar h1")).to_have_text("Springfield Public Schools")
    async with window(GALE, javascript=javascript) as w:
        await w.open("/requests/new")
        await w.page.select_option("#for", "group:prairie-consortium")
        await w.page.click("text=Change")
        await w.page.select_option("#version", "2611")
        await w.page.click("button:has-text('Request')")
        await expect(w.page.locator("#state")).to_contain_text("of 2 districts")
        await w.page.click("text=Cancel for all")
        await w.page.click("button:has-text('Yes, delete')")
        await expect(w.page.locator(".said")).to_contain_text("removed")


@both
async def test_calendar_feeds_and_waves(world, window, full, javascript):
    async with window(OPERATOR, javascript=javascript) as w:
        page = w.page
        await page.click("nav >> text=Calendar")
        await expect(page.locator("#weeks")).to_contain_text("of 40 are booked")
        await page.click("text=December →")
        await expect(page.locator("#weeks .slot")).to_have_count(5)
        await page.click("nav >> text=Feeds")
        await page.fill("#name", "Wall")
        await page.click("text=Make a feed")
        await expect(page.locator(".secret")).to_contain_text("/v1/calendar.ics?token=")
        await page.click("button:has-text('Revoke')")
        await expect(page.locator("main")).to_contain_text("No feed yet")
        await page.click("nav >> text=Waves")
        await page.select_option("#version", "2615")
        await page.check("input[name=canaries][value=springfield]")
        await page.click("text=Show the plan")
        await page.click("text=Start this rollout")
        await page.click("text=Release the next wave")
        await expect(page.locator("#wave-1")).to_contain_text("Canaries")


async def test_two_browsers_see_each_others_change_within_a_second(world, window, full):
    path = f"/requests/{full['waiting']['id']}"
    async with window(OPERATOR) as board, window(OPERATOR) as mine, window(TESS) as theirs:
        await mine.open(path)
        for w in (board, mine, theirs):
            await expect(w.page.locator("body[data-connected=yes]")).to_have_count(1)
        await mine.page.check("input[name=to][value=deferred]")
        await mine.page.click("button:has-text('Move')")
        began = time.monotonic()
        row = board.page.locator("#h-deferred + table", has_text="Maple County")
        await asyncio.gather(
            expect(row).to_be_visible(timeout=2000),
            expect(theirs.page.locator("#request-list")).to_contain_text("Deferred", timeout=2000),
        )
        assert time.monotonic() - began < 1.0
        await theirs.open(path)
        await expect(theirs.page.locator("body[data-connected=yes]")).to_have_count(1)
        await theirs.page.fill("#body", "Until when?")
        await theirs.page.click("button:has-text('Add message')")
        began = time.monotonic()
        await expect(mine.page.locator("#thread-lines")).to_contain_text("Until when?", timeout=2000)
        assert time.monotonic() - began < 1.0


async def test_what_is_typed_and_chosen_stays_while_the_page_renews_itself(world, window, full):
    path = f"/requests/{full['waiting']['id']}"
    async with window(OPERATOR) as board, window(OPERATOR) as form:
        await form.open(path)
        for w in (board, form):
            await expect(w.page.locator("body[data-connected=yes]")).to_have_count(1)
        await form.page.fill("#note", "half a sent")
        chosen = board.page.locator(f"input[name=id][value^='{full['scheduled']['id']}']")
        await chosen.check()
        await chosen.focus()
        await world.move(full["waiting"], "deferred")
        await expect(board.page.locator("#h-deferred + table")).to_contain_text("Maple County")
        await expect(chosen).to_be_checked()
        await expect(chosen).to_be_focused()
        await expect(form.page.locator("#state")).to_contain_text("Deferred")
        assert await form.page.input_value("#note") == "half a sent"
        await form.page.check("input[name=to][value=unable_to_complete]")
        await form.page.click("button:has-text('Move')")
        await expect(form.page.locator(".faults")).to_contain_text("Somebody else changed it")
        assert await form.page.input_value("#note") == "half a sent"
    assert (await world.refresh(full["waiting"]))["status"] == "deferred"


async def test_a_page_does_not_hear_of_other_districts(world, window, full):
    async with window(NIA) as w:
        await expect(w.page.locator("body[data-connected=yes]")).to_have_count(1)
        await w.page.evaluate(
            "window.heard = 0; new EventSource('/live?district=maple-county')"
            ".addEventListener('changed', () => window.heard++)"
        )
        await world.move(full["waiting"], "deferred")
        await world.move(full["asked"], "to_be_scheduled")
        await expect(w.page.locator("#request-list")).to_contain_text("To Be Scheduled")
        assert await w.page.evaluate("window.heard") == 0


async def test_keyboard_alone(world, window, full):
    async with window(OPERATOR) as w:
        page = w.page
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        first = page.locator(".sheet tbody th a").first
        await first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(page.locator(".sheet tbody th a").nth(1)).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(first).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/districts/*")
