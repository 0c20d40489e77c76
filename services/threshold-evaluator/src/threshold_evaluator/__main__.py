"""Command line: `python -m threshold_evaluator migrate | run`."""

from bellwire_kit.commands import service_cli

cli = service_cli("threshold_evaluator")

if __name__ == "__main__":
    cli()
