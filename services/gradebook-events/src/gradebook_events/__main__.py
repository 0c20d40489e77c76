"""Command line: `python -m gradebook_events migrate | run`."""

import typer
import uvloop
from bellwire_kit import logs
from bellwire_kit.clock import clock_from_environment
from bellwire_kit.postgres import migrate as apply_migrations
from bellwire_kit.running import serve

from gradebook_events.app import SCHEMA, service, tune_memory
from gradebook_events.settings import Settings

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
    logs.configure("gradebook-events", settings.log_level)
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    async with service(settings, clock_from_environment()) as made:
        tune_memory()
        await serve(
            made.app,
            host=settings.http_host,
            port=settings.http_port,
            background=made.background,
            announce=lambda url: typer.echo(f"gradebook-events at {url}"),
        )


if __name__ == "__main__":
    app()
