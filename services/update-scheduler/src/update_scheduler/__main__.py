"""Command line: `python -m update_scheduler migrate | run | seed`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from bellwire_kit import logs
from bellwire_kit.clock import clock_from_environment
from bellwire_kit.postgres import migrate as apply_migrations
from bellwire_kit.running import serve

from update_scheduler.app import SCHEMA, service
from update_scheduler.seed import plant, read_seed
from update_scheduler.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def migrate() -> None:
    """Bring the database schema up to date."""
    settings = Settings()
    done = apply_migrations(settings.database_url, SCHEMA, settings.migrations)
    typer.echo(f"{done} migrations applied")


@app.command()
def run() -> None:
    """Serve until SIGTERM."""
    settings = Settings()
    logs.configure("update-scheduler", settings.log_level)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    async with service(settings, clock_from_environment()) as made:
        await serve(
            made.app,
            host=settings.http_host,
            port=settings.http_port,
            background=made.background,
            announce=lambda url: typer.echo(f"update-scheduler at {url}"),
        )


@app.command()
def seed(
    file: Annotated[
        Path, typer.Argument(help="TOML; leave out for the sites, windows and contacts of the demo")
    ]
    | None = None,
) -> None:
    """Register districts, sites, releases, windows, groups and contacts; what is there already stays."""
    settings = Settings()
    counts = asyncio.run(plant(settings, read_seed(file)))
    typer.echo(", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    app()
