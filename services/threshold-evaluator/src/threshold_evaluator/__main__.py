"""Command line: `python -m threshold_evaluator migrate|run`."""

import gc

import typer
import uvloop
from bellwire_kit import logs
from bellwire_kit.postgres import migrate as apply_migrations
from bellwire_kit.running import serve
from pydantic import ValidationError

from threshold_evaluator.app import MIGRATIONS, SCHEMA, service
from threshold_evaluator.settings import Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    applied = apply_migrations(_settings().database_url, SCHEMA, MIGRATIONS)
    typer.echo(f"threshold-evaluator: {applied} migrations applied")


@cli.command()
def run() -> None:
    """Serve until SIGTERM, then drain."""
    settings = _settings()
    logs.configure("threshold-evaluator", settings.log_level)
    # What start-up made lives as long as the process; batches make values that die young, and few cycles.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    async with service(settings) as (app, background):
        await serve(app, host=settings.http_host, port=settings.http_port, background=background)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            name = "_".join(map(str, found["loc"])).upper() or "settings"
            typer.echo(f"threshold-evaluator: {name}: {found['msg']}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    cli()
