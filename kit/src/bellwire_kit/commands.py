"""A service's command line: `python -m <package> migrate | run`, the same for each.

What a command does not need is not imported: `migrate` never loads the service, `run` never loads the migrations.
"""

import importlib
from importlib.resources import files
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError


def service_cli(package: str) -> typer.Typer:
    """Return the command line of a service package.

    The package has `settings.Settings` (with `database_url` and `log_level`), a folder `migrations`, its Postgres
    schema named as itself, and `app.run(settings)`, which serves until SIGTERM.
    """
    name = package.replace("_", "-")
    cli = typer.Typer(no_args_is_help=True, add_completion=False, help=f"{name}: migrate, then run.")

    @cli.command()
    def migrate() -> None:
        """Bring the database schema up to date."""
        from bellwire_kit.postgres import migrate as apply  # noqa: PLC0415

        folder = Path(str(files(package) / "migrations"))
        typer.echo(
            f"{name}: {apply(read_settings(package).database_url, package, folder)} migrations applied"
        )

    @cli.command()
    def run() -> None:
        """Serve until SIGTERM, then drain."""
        import uvloop  # noqa: PLC0415

        from bellwire_kit import logs  # noqa: PLC0415

        settings = read_settings(package)
        logs.configure(name, settings.log_level)
        uvloop.run(importlib.import_module(f"{package}.app").run(settings))

    return cli


def read_settings(package: str) -> Any:
    """Read the package's settings from the environment; a variable that is missing or wrong is named, exit 2."""
    settings = importlib.import_module(f"{package}.settings").Settings
    try:
        return settings()
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            variable = "_".join(map(str, found["loc"])).upper() or "settings"
            typer.echo(f"{package.replace('_', '-')}: {variable}: {found['msg']}", err=True)
        raise typer.Exit(2) from None
