"""Command line: `python -m update_scheduler migrate | run | seed`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from bellwire_kit.commands import read_settings, service_cli

cli = service_cli("update_scheduler")


@cli.command()
def seed(
    file: Annotated[
        Path, typer.Argument(help="TOML; leave out for the sites, windows and contacts of the demo")
    ]
    | None = None,
) -> None:
    """Register districts, sites, releases, windows, groups and contacts; what is there already stays."""
    from update_scheduler.seed import plant, read_seed  # noqa: PLC0415

    settings = read_settings("update_scheduler")
    counts = asyncio.run(plant(settings, read_seed(file)))
    typer.echo(", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    cli()
