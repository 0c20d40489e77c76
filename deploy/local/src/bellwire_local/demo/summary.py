"""The end of the demo: what was due against the ledger, and whether that is a success."""

from collections.abc import Mapping, Sequence

from bellwire_simulators.school_day.plan import Verdict
from rich.console import Console
from rich.table import Table

from bellwire_local.demo.reckoning import Reckoning
from bellwire_local.demo.run import Played

_P99_SECONDS = 1.0


def print_summary(console: Console, played: Played, verdicts: Mapping[Verdict, int]) -> bool:
    """Print what came of the day; True when nothing was lost, doubled, sent without right or too early."""
    _print_section(console, "What the families saw", played.saw)
    _print_section(console, "Why, as the running system answers each family", played.why)
    return _print_reckoning(console, played.reckoning, verdicts)


def _print_section(console: Console, title: str, lines: Sequence[str]) -> None:
    console.print()
    console.print(title, style="italic", highlight=False)
    for line in lines:
        # Wrapped where there is a width: on a terminal and in a picture of one.
        unbound = not (console.is_terminal or console.record)
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=unbound)


def _print_reckoning(console: Console, reckoning: Reckoning, verdicts: Mapping[Verdict, int]) -> bool:
    console.print()
    plan = Table(title="What the day's changes meant, by the plan", title_justify="left", show_header=False)
    for verdict, count in verdicts.items():
        plan.add_row(verdict.value, str(count))
    console.print(plan)
    table = Table(title="What was due, against the ledger", title_justify="left", show_header=False)
    table.add_row("due on phones", str(reckoning.due))
    table.add_row("accepted by APNs and FCM", str(reckoning.accepted))
    table.add_row("lost", str(len(reckoning.lost)))
    table.add_row("duplicated", str(len(reckoning.duplicated)))
    table.add_row("sent without right", str(len(reckoning.without_right)))
    table.add_row("sent before its time", str(len(reckoning.early)))
    table.add_row("latency p50 of what goes at once", f"{reckoning.percentile(0.50) * 1000:.0f} ms")
    table.add_row("latency p99 of what goes at once", f"{reckoning.percentile(0.99) * 1000:.0f} ms")
    console.print(table)
    for word, rows in (
        ("lost", reckoning.lost),
        ("duplicated", reckoning.duplicated),
        ("sent without right", reckoning.without_right),
        ("sent before its time", reckoning.early),
    ):
        for alert, token in rows[:5]:
            console.print(f"{word}: alert {alert} on device …{token[-8:]}", style="red", highlight=False)
    if reckoning.clean and reckoning.percentile(0.99) > _P99_SECONDS:
        console.print(f"p99 is above {_P99_SECONDS:.0f} s: this machine was busy", style="yellow")
    return reckoning.clean
