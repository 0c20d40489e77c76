"""Tools that belong to no service: `python -m bellwire_kit --help`."""

import typer

from bellwire_kit.streams.dlq.command import app as dlq

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
app.add_typer(dlq, name="dlq")


@app.callback()
def bellwire_kit() -> None:
    """Bellwire's own tools for its operators."""


if __name__ == "__main__":
    app()
