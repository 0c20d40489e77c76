"""Makes the pictures of docs/update-queue.md: `python services/update-scheduler/docs/screenshots.py`.

Needs Debian's Chromium, and DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS as stage.py does; without DATABASE_URL an
embedded server is started. The same run makes the same pictures, so that a changed one means a changed page.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bellwire_local.infrastructure import choose_database
from bellwire_local.watcher import Watcher
from playwright.async_api import Browser, Page, async_playwright
from stage import stage

TARGET = Path(__file__).resolve().parents[3] / "docs" / "update-queue"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--font-render-hinting=none"]
OPERATOR = ("operator", "maren.holt", "")
TERRY = ("technical_contact", "terry", "springfield")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who looks at what, in a window of which size and scheme."""

    name: str
    who: tuple[str, str, str]
    path: str
    width: int = 1280
    height: int = 800
    scheme: str = "light"
    then: str = ""


SHOTS = (
    Shot("board", OPERATOR, "/board", 1440, 900),
    Shot("board-dark", OPERATOR, "/board", 1440, 900, "dark"),
    Shot("district", TERRY, "/districts/springfield"),
    Shot("phone", TERRY, "/districts/springfield", 360, 800),
    Shot(
        "request", OPERATOR, "/board", 1280, 900, then="#h-pending_input + table a:has-text('2611') >> nth=-1"
    ),
    Shot("delete", TERRY, "/districts/springfield", then="a.trash >> nth=0"),
    Shot("form", TERRY, "/requests/new", 1280, 900, then="button:has-text('Request')"),
    Shot("calendar", OPERATOR, "/calendar?month=2026-12"),
    Shot("waves", OPERATOR, "/waves", then="#rollouts th a"),
)


@contextmanager
def _database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="bellwire-"))
    watcher = Watcher(folder / "watcher.lock", remove=(folder,))
    database = choose_database(folder / "postgres", folder / "postgres.log", watcher.env)
    try:
        database.part.prepare(lambda _: None)
        database.part.start()
        database.part.wait_ready()
        yield database.url
    finally:
        database.part.stop()
        watcher.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _sign_in(page: Page, base: str, who: tuple[str, str, str]) -> None:
    role, user, district = who
    await page.goto(base + "/")
    await page.fill("input[name=user]", user)
    await page.select_option("select[name=role]", role)
    await page.fill("input[name=district]", district)
    await page.click("button, input[type=submit]")
    await page.wait_for_url(base + "/**")


async def _take(browser: Browser, base: str, shot: Shot, target: Path) -> None:
    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await _sign_in(page, base, shot.who)
    await page.goto(base + shot.path)
    if shot.then:
        await page.click(shot.then)
        await page.wait_for_load_state("networkidle" if "trash" in shot.then else "load")
    await page.screenshot(path=target / f"{shot.name}.png")
    await context.close()


async def _all(database: str, target: Path) -> None:
    kafka = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    async with stage(database, kafka) as made, async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=shutil.which("chromium") or "/usr/bin/chromium", args=ARGUMENTS
        )
        for shot in SHOTS:
            await _take(browser, made.url, shot, target)
            print(target / f"{shot.name}.png")
        await browser.close()


def main() -> None:
    """Make them all, into docs/update-queue or the folder that is named."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.mkdir(parents=True, exist_ok=True)
    with _database() as url:
        asyncio.run(_all(url, target))


if __name__ == "__main__":
    main()
