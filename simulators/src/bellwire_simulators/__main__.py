"""Command line: `python -m bellwire_simulators providers --state DIR`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from .running import Ports, run_providers

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@cli.callback()
def _simulators() -> None:
    """Simulated outside world of Bellwire."""


@cli.command()
def providers(
    state: Annotated[Path, typer.Option(help="Folder for keys, certificates, ledger and providers.json.")],
    apns_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    fcm_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    ledger_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    faulty: Annotated[bool, typer.Option("--faulty", help="Control every frame, slower.")] = False,
) -> None:
    """Simulate APNs and FCM until SIGTERM; DIR/providers.json says where, once they listen."""
    state.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(run_providers(state, Ports(apns_port, fcm_port, ledger_port), faulty))
        except OSError as error:
            typer.echo(f"providers: {error}", err=True)
            raise typer.Exit(1) from error


if __name__ == "__main__":
    cli()
