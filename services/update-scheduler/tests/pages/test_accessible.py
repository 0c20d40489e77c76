"""No violation that axe-core knows (WCAG 2.2 A and AA, and its own best practices), no sideways scrolling."""

import json

import pytest

pytestmark = pytest.mark.browser

TERRY = ("technical_contact", "terry", "springfield")
GALE = ("group_contact", "gale", "")
OPERATOR = ("operator", "op-1", "")
ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
RUN = """async (runOnly) => {
    const found = await axe.run(document, {runOnly, resultTypes: ["violations"], reporter: "v2"});
    const told = (n) => n.html.slice(0, 200) + n.failureSummary;
    return [found.passes.length, found.violations.map((v) => [v.id, v.nodes.slice(0, 3).map(told)])];
}"""
OTHER = {"light": "dark", "dark": "light"}


async def _check(w, axe, where, found):
    """Every rule as the window is; in the wide one, which has every column, the other scheme's colours as well."""
    await w.page.evaluate(axe)
    passes, violations = await w.page.evaluate(RUN, ALL)
    assert passes > 15, f"axe-core looked at too little of {where}"
    found += [(where, name, nodes) for name, nodes in violations]
    if w.page.viewport_size["width"] >= 1280:
        await w.page.emulate_media(color_scheme=OTHER[w.scheme])
        _, colours = await w.page.evaluate(RUN, COLOURS)
        await w.page.emulate_media(color_scheme=w.scheme)
        found += [(where, f"{name} ({OTHER[w.scheme]})", nodes) for name, nodes in colours]
    wide = await w.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        found.append((where, "scrolls sideways", wide))


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
async def test_every_page(world, window, full, axe, scheme, width):
    found = []
    await world.ok(
        OPERATOR[:2],
        "POST",
        "/v1/windows/blackouts",
        {"starts_at": "2026-11-26T06:00:00Z", "ends_at": "2026-11-26T07:00:00Z", "reason": "State tests"},
    )
    async with window(OPERATOR, width=width, scheme=scheme) as w:
        for path in (
            "/board",
            "/board?status=completed",
            "/board?q=nothing-like-this",
            "/districts",
            "/districts/springfield",
            f"/requests/{full['scheduled']['id']}",
            f"/requests/{full['waiting']['id']}",
            f"/requests/{full['group']['id']}",
            "/calendar",
            "/calendar/windows/new",
            "/waves",
            "/feeds",
            "/releases",
            "/groups",
            "/groups/prairie-consortium",
            "/sites/new",
            "/districts/springfield/contacts",
        ):
            await w.open(path)
            await _check(w, axe, path, found)
        await w.open(f"/requests/{full['waiting']['id']}")
        await w.page.click("button:has-text('Move')")
        await _check(w, axe, "a refused form", found)
        await w.open("/board")
        boxes = w.page.locator("input[name=id]")
        for n in range(await boxes.count()):
            await boxes.nth(n).check()
        await _check(w, axe, "chosen", found)
        await w.page.click("text=Try it first")
        await _check(w, axe, "dry run", found)
        await w.open("/waves")
        await w.page.select_option("#version", "2615")
        await w.page.click("text=Show the plan")
        await _check(w, axe, "plan", found)
        await w.page.click("text=Start this rollout")
        await _check(w, axe, "rollout", found)
        await w.page.goto(w.base + "/nowhere")
        await _check(w, axe, "mistake", found)
    async with window(TERRY, width=width, scheme=scheme) as w:
        for path in (
            "/",
            "/requests/new",
            f"/requests/{full['failed']['id']}",
            f"/requests/{full['done']['id']}/remove",
        ):
            await w.open(path)
            await _check(w, axe, path, found)
        await w.open("/requests/new")
        await w.page.click("button:has-text('Request')")
        await _check(w, axe, "a refused request", found)
        await w.open("/")
        await w.page.locator("a.trash").first.click()
        await w.page.wait_for_selector("dialog[open]")
        await _check(w, axe, "the dialog", found)
        await w.page.keyboard.press("Escape")
        await w.page.click("text=Sign out")
        await _check(w, axe, "signed out", found)
    async with window(GALE, width=width, scheme=scheme) as w:
        await _check(w, axe, "group contact", found)
    assert found == [], json.dumps(found, indent=1, default=str)
