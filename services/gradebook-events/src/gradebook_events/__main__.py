"""Command line: `python -m gradebook_events migrate | run`."""

from bellwire_kit.commands import service_cli

cli = service_cli("gradebook_events")

if __name__ == "__main__":
    cli()
