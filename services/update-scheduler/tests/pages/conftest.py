"""People who use the pages: over plain HTTP, and in Debian's Chromium with JavaScript and without."""

import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from importlib.resources import files
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TESS = ("technical_contact", "tess", "maple-county")
TERRY = ("technical_contact", "terry", "springfield")
GALE = ("group_contact", "gale", "")
ELI = ("group_contact", "eli", "")
OPERATOR = ("operator", "op-1", "")


@dataclass
class Visitor:
    """A browser without JavaScript, pictures or mercy: aiohttp with cookies."""

    base: str
    session: aiohttp.ClientSession
    who: tuple[str, str, str]
    issuer: str

    async def get(self, path: str, **kw: Any) -> tuple[int, str]:
        async with self.session.get(self.base + path, headers={"Accept": "text/html"}, **kw) as answer:
            return answer.status, await answer.text()

    async def sign_in(self, path: str = "/") -> tuple[int, str]:
        """Through the issuer's own page."""
        status, page = await self.get(path)
        assert status == 200
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        role, user, district = self.who
        form = {k: unescape(v) for k, v in form.items()}
        form |= {"role": role, "user": user, "district": district, "environment": "production"}
        async with self.session.post(self.issuer + "/authorize", data=form) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, form: Any, page: str = "/feeds", **kw: Any) -> tuple[int, str, str]:
        """Send a form with the token of a page."""
        _, text = await self.get(page)
        token = re.findall(r'name="csrf" value="([^"]+)"', text)[0]
        fields = [("csrf", token), *form] if isinstance(form, list) else {"csrf": token, **form}
        async with self.session.post(
            self.base + path, data=fields, headers={"Accept": "text/html"}, **kw
        ) as answer:
            return answer.status, await answer.text(), str(answer.url)


@pytest.fixture
async def visitor(world: Any) -> AsyncIterator[Callable[..., Any]]:
    """Make a visitor who is signed in."""
    sessions = []

    async def make(who: tuple[str, str, str], *, signed_in: bool = True) -> Visitor:
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        sessions.append(session)
        made = Visitor(world.http.base, session, who, world.issuer_url)
        if signed_in:
            status, _ = await made.sign_in()
            assert status == 200
        return made

    yield make
    for session in sessions:
        await session.close()


@dataclass
class Window:
    """A page of the browser, signed in as somebody."""

    page: Page
    base: str
    faults: list[str]
    scheme: str = "light"

    async def open(self, path: str) -> None:
        answer = await self.page.goto(self.base + path)
        assert answer is not None
        assert answer.status < 400, (path, answer.status)

    async def text(self, selector: str = "main") -> str:
        return await self.page.inner_text(selector)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("there is no Chromium here: apt-get install --no-install-recommends chromium")
    async with async_playwright() as play:
        running = await play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture
def window(world: Any, browser: Browser) -> Callable[..., Any]:
    """Open a window: `async with window(TESS, javascript=False) as w`."""

    @asynccontextmanager
    async def opened(
        who: tuple[str, str, str], *, javascript: bool = True, width: int = 1280, scheme: str = "light"
    ) -> AsyncIterator[Window]:
        context: BrowserContext = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=javascript
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        faults: list[str] = []
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: faults.append(str(e)))
        role, user, district = who
        await page.goto(world.http.base + "/")
        await page.fill("input[name=user]", user)
        await page.select_option("select[name=role]", role)
        await page.fill("input[name=district]", district)
        await page.click("button, input[type=submit]")
        await page.wait_for_url(world.http.base + "/**")
        faults.clear()
        yield Window(page, world.http.base, faults, scheme)
        assert [f for f in faults if "status of 4" not in f] == []
        await context.close()

    return opened


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source, as the package axe-playwright-python carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


async def filled(world: Any) -> dict[str, Any]:
    """Requests in several statuses, with threads; their ids by name."""
    made: dict[str, Any] = {}
    slot = (await world.free("springfield"))[0]["starts_at"]
    made["slot"] = slot
    done = await world.update("springfield", "2607.1")
    await world.move(done, "scheduled", at=slot)
    for step in ("not_started", "in_progress", "completed"):
        await world.move(done, step)
    made["done"] = done
    made["scheduled"] = await world.update("springfield", "2611")
    await world.move(made["scheduled"], "scheduled", at=slot)
    made["waiting"] = await world.update("maple-county", "2611.1")
    made["asked"] = await world.update("north-haverbrook", "2607")
    await world.move(made["asked"], "pending_input", note="Which day?")
    failed = await world.ok(
        world.contact("springfield"),
        "POST",
        "/v1/requests",
        {"kind": "version_update", "site_id": "springfield.staging", "version": "2611"},
    )
    await world.move(failed, "unable_to_complete", note="No disk is left.")
    made["failed"] = failed
    begun = await world.ok(
        world.contact("maple-county"),
        "POST",
        "/v1/requests",
        {"kind": "version_update", "site_id": "maple-county.preview", "version": "2615"},
    )
    await world.move(begun, "scheduled", at=slot)
    await world.move(begun, "not_started")
    made["begun"] = begun
    whole = await world.ok(
        ("group_contact", "gale"),
        "POST",
        "/v1/requests",
        {
            "kind": "version_update",
            "group_id": "prairie-consortium",
            "target": "production",
            "version": "2611",
        },
    )
    made["group"] = whole
    return made


@pytest.fixture
async def full(world: Any) -> dict[str, Any]:
    return await filled(world)
