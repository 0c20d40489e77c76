"""Signing in by code flow with PKCE, the session's cookie, CSRF, headers, and who may see what."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import aiohttp_session
import pytest
from aiohttp import web
from bellwire_kit.auth import Caller
from bellwire_kit.web.application import problems
from bellwire_kit.web.rates import TokenBuckets
from bellwire_schemas.names import Environment, Role
from update_scheduler.pages import sessions
from update_scheduler.pages.limited import limited
from update_scheduler.pages.settings import PagesSettings

TERRY = ("technical_contact", "terry", "springfield")
OPERATOR = ("operator", "op-1", "")
HTML = {"Accept": "text/html"}


@pytest.fixture
async def aiohttp_pages() -> AsyncIterator[Callable[..., Any]]:
    """A page and a form behind limits of the test's own; they answer the status for a person."""
    runners, browsers = [], {}

    async def begin(request: web.Request) -> web.Response:
        who = Caller(Role.TECHNICAL_CONTACT, request.query["user"], "springfield", Environment.PRODUCTION)
        await sessions.begin(request, who, 1)
        return web.Response()

    async def shown(_request: web.Request) -> web.Response:
        return web.Response()

    def make(**buckets: TokenBuckets) -> tuple[Any, Any]:
        session = aiohttp_session.session_middleware(sessions.storage(PagesSettings()))
        app = web.Application(middlewares=[problems, session, limited(**buckets)])
        app.router.add_get("/begin", begin)
        app.router.add_route("*", "/page", shown)

        async def asked(method: str, user: str) -> int:
            if not runners:
                runners.append(runner := web.AppRunner(app))
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runners[0].addresses[0][:2]
            if user not in browsers:
                jar = aiohttp.CookieJar(unsafe=True)
                browsers[user] = aiohttp.ClientSession(f"http://{host}:{port}", cookie_jar=jar)
                await browsers[user].get("/begin", params={"user": user})
            async with browsers[user].request(method, "/page") as answer:
                return answer.status

        return lambda user: asked("GET", user), lambda user: asked("POST", user)

    yield make
    for browser in browsers.values():
        await browser.close()
    for runner in runners:
        await runner.cleanup()


async def test_sign_in_leads_back_to_where_one_wanted_to_go(world, visitor):
    terry = await visitor(TERRY, signed_in=False)
    status, page = await terry.sign_in("/requests/new?kind=database_refresh")
    assert status == 200
    assert "New request" in page
    assert 'id="kind-refresh" checked' in page


async def test_the_cookie_is_encrypted_http_only_and_of_this_site(world, visitor):
    terry = await visitor(TERRY)
    (cookie,) = [c for c in terry.session.cookie_jar if c.key == "bellwire"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "springfield" not in cookie.value


async def test_headers_of_a_page(world, visitor):
    terry = await visitor(TERRY)
    async with terry.session.get(terry.base + "/districts/springfield") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<style" not in page
    assert not re.search(r"\sstyle=|\son[a-z]+=", page)
    assert not re.search(r"<script(?![^>]* src=)", page)


async def test_a_sign_in_that_was_not_begun_here_is_refused(world, visitor):
    terry = await visitor(TERRY, signed_in=False)
    status, page = await terry.get("/login/callback?code=x&state=y")
    assert status == 403
    assert "not begun in this browser" in page


async def test_a_code_works_once_and_a_foreign_state_never(world, visitor):
    terry = await visitor(TERRY, signed_in=False)
    async with terry.session.get(terry.base + "/login", allow_redirects=False) as answer:
        place = answer.headers["Location"]
    assert "code_challenge_method=S256" in place
    assert "code_challenge=" in place
    status, page = await terry.get("/login/callback?code=stolen&state=foreign")
    assert status == 403
    assert "You were not signed in" in page


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/login"])
async def test_next_stays_here(world, visitor, path):
    terry = await visitor(TERRY, signed_in=False)
    async with terry.session.get(terry.base + "/login", params={"next": path}) as answer:
        page = await answer.text()
    form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    form |= {
        "role": "technical_contact",
        "user": "terry",
        "district": "springfield",
        "environment": "production",
    }
    async with terry.session.post(world.issuer_url + "/authorize", data=form) as answer:
        assert str(answer.url) == f"{world.http.base}/districts/springfield"


async def test_people_of_the_portal_are_turned_away(world, visitor):
    guardian = await visitor(("guardian", "g", "springfield"), signed_in=False)
    status, page = await guardian.sign_in()
    assert status == 403
    assert "technical contacts, group contacts and hosting operators" in page
    status, page = await guardian.get("/board")
    assert "authorize" in page


async def test_signing_out_ends_the_session(world, visitor):
    terry = await visitor(TERRY)
    status, _page, url = await terry.post("/logout", {})
    assert status == 200
    assert url.endswith("/signed-out")
    async with terry.session.get(terry.base + "/feeds", allow_redirects=False) as answer:
        assert answer.status == 302


async def test_a_form_without_its_token_writes_nothing(world, visitor):
    terry = await visitor(TERRY)
    form = {
        "place": "district:springfield",
        "kind": "version_update",
        "target": "production",
        "version": "2611",
    }
    for bad in ({"csrf": ""}, {"csrf": "x"}, {"csrf": "ß"}):
        status, page, _ = await terry.post("/requests/new", {**form, **bad})
        assert status == 403
        assert "not of your present session" in page
    headers = {"Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    _, text = await terry.get("/feeds")
    token = re.findall(r'name="csrf" value="([^"]+)"', text)[0]
    async with terry.session.post(
        terry.base + "/requests/new", data={**form, "csrf": token}, headers=headers
    ) as answer:
        assert answer.status == 403
    assert await world.sql("select 1 from requests") == []


async def test_another_district_is_as_if_it_were_not_there(world, visitor, full):
    terry = await visitor(TERRY)
    foreign = full["waiting"]["id"]
    for path in (
        "/districts/maple-county",
        f"/requests/{foreign}",
        f"/requests/{foreign}/remove",
        f"/requests/{full['group']['id']}",
        "/requests/new?for=district:maple-county",
        "/requests/new?for=group:prairie-consortium",
        "/districts/choose?district=maple-county",
        "/requests/nonsense",
    ):
        status, page = await terry.get(path)
        assert status == 404, path
        assert "Maple County" not in page
    for path in ("/board", "/waves", f"/waves/{foreign}"):
        assert (await terry.get(path))[0] == 403
    for path, form in (
        (f"/requests/{foreign}/remove", {"revision": "1"}),
        (f"/requests/{foreign}/messages", {"body": "hello"}),
        ("/districts/maple-county/hide-complete", {"hide": "yes"}),
        ("/requests/new", {"place": "district:maple-county", "kind": "version_update", "target": "preview"}),
    ):
        assert (await terry.post(path, form))[0] == 404, path
    for path in (f"/requests/{foreign}/move", "/board/reschedule", "/waves", "/calendar/blackouts"):
        assert (await terry.post(path, {"to": "deferred", "revision": "1"}))[0] == 403, path
    assert "Maple County" not in (await terry.get("/calendar"))[1]
    assert (await world.refresh(full["waiting"]))["revision"] == 1


async def test_mistakes_are_pages_for_browsers_and_problems_for_programs(world, visitor):
    operator = await visitor(OPERATOR)
    status, page = await operator.get("/nowhere")
    assert status == 404
    assert "There is no such page" in page
    async with operator.session.get(operator.base + "/v1/nowhere", headers={"Accept": "text/html"}) as answer:
        assert answer.content_type == "application/problem+json"
    status, page, _ = await operator.post("/board/reschedule", {"id": "nonsense", "at": "spread"})
    assert status == 400
    status, page, _ = await operator.post("/requests/new", {"note": "\x00"})
    assert status in (400, 403)


async def test_who_signs_in_without_end_is_told_when_to_come_back(world):
    async def knock():
        where = world.http.base + "/login"
        async with world.http.session.get(where, allow_redirects=False, headers=HTML) as answer:
            return answer.status, answer.headers.get("Retry-After"), await answer.text()

    answers = await asyncio.gather(*(knock() for _ in range(200)))
    assert {status for status, _, _ in answers} == {302, 429}
    after, page = next((after, page) for status, after, page in answers if status == 429)
    assert int(after) >= 1
    assert "Ask less often" in page
    assert "<h1" in page


async def test_forms_are_counted_by_person_and_pages_apart_from_them(aiohttp_pages):
    get, post = aiohttp_pages(reading=TokenBuckets(0.001, 5), writing=TokenBuckets(0.001, 2))
    assert [await post("terry") for _ in range(3)] == [200, 200, 429]
    assert [await get("terry") for _ in range(6)] == [200] * 5 + [429]
    assert await post("tess") == 200
