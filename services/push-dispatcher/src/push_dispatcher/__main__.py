"""Command line: `python -m push_dispatcher migrate | run`."""

from bellwire_kit.commands import service_cli

cli = service_cli("push_dispatcher")

if __name__ == "__main__":
    cli()
