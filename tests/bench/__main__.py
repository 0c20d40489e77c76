"""`make bench`: each service beside its ceiling, in one run, on a Kafka and a Postgres of its own.

Machines are shared and noisy: compare the two figures of a pair, not figures of two runs.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bellwire_local.services import KAFKA, POSTGRES, SIMULATORS
from bellwire_local.stack import Stack

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
PARTS = {"ingest", "evaluate", "release", "answers", "deliver", "queue"}
EVENTS = {"aiokafka": 60_000, "faust": 20_000}


def _run(script: Path, *arguments: str, env: Mapping[str, str]) -> Iterator[str]:
    command = [sys.executable, str(script), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **env}) as process:
        assert process.stdout is not None
        yield from (line.rstrip() for line in process.stdout)
    if process.returncode:
        raise SystemExit(f"{script.name} ended with exit code {process.returncode}")


def _say(line: str) -> None:
    print(line, flush=True)


def ingest(env: Mapping[str, str]) -> None:
    """Batch and single events through the door, beside a handler that only says 202."""
    _say("\ningest: gradebook-events beside a bare aiohttp handler")
    for line in _run(SERVICES / "gradebook-events/bench/ingest.py", env=env):
        _say(f"  {line}")


def evaluate(env: Mapping[str, str]) -> None:
    """Kafka to decisions in Postgres with both runtimes, beside a loop that only decodes and writes."""
    _say("\nevaluate: threshold-evaluator beside the loop that only decodes and writes, one process")
    for runtime, events in EVENTS.items():
        script = SERVICES / "threshold-evaluator/bench/measure.py"
        for line in _run(script, "--runtime", runtime, "--events", str(events), env=env):
            row = json.loads(line)
            _say(
                f"  {runtime:9} {row['what']:10} {row['per_second']:>8,} events/s"
                f"  {row['per_cpu_second']:>8,} events a CPU second"
            )


def release(env: Mapping[str, str]) -> None:
    """100,000 alerts that all fall due at one minute, urgent first."""
    _say("\nrelease: threshold-evaluator with 100,000 alerts due at one minute")
    for line in _run(SERVICES / "threshold-evaluator/bench/release.py", env=env):
        row = json.loads(line)
        of_cpu = round(row["alerts"] / row["cpu_seconds"])
        first = "all urgent ones first" if row["urgent_first"] else "NOT the urgent ones first"
        _say(f"  {row['per_second']:,} alerts/s, {of_cpu:,} alerts a CPU second, {first}")


def answers(env: Mapping[str, str]) -> None:
    """The family's API at 200 requests a second: alone, beside a stream, beside a backlog."""
    _say(
        "\nanswers: threshold-evaluator's API at 200 requests/s, beside no stream, 1,000 events/s, a backlog"
    )
    for line in _run(SERVICES / "threshold-evaluator/bench/api.py", env=env):
        row = json.loads(line)
        _say(
            f"  {row['stream']:8} {row['events_per_second']:>6,} events/s  p50 {row['p50_ms']:.1f} ms"
            f"  p99 {row['p99_ms']:.1f} ms  ({row['requests']:,} requests, {row['failed']} failed)"
        )


def deliver(env: Mapping[str, str], providers: Path) -> None:
    """Deliveries to the simulated providers, beside a bare pyreqwest loop to the same server."""
    _say("\ndeliver: push-dispatcher beside a bare pyreqwest loop to the same server")
    script = SERVICES / "push-dispatcher/bench/throughput.py"
    for line in _run(script, env["DATABASE_URL"], str(providers), env=env):
        _say(f"  {line}")


def queue(env: Mapping[str, str]) -> None:
    """The update queue's pages with 100,000 requests and 200 open pages, beside a bare page of that size."""
    _say("\nqueue: update-scheduler beside a bare aiohttp page of the same size")
    for line in _run(SERVICES / "update-scheduler/bench/pages.py", env=env):
        _say(f"  {line}")


def main() -> None:
    """Start the parts, measure one service after another, stop the parts."""
    only = set(sys.argv[1:]) or PARTS
    if only - PARTS:
        raise SystemExit(
            f"no such part: {', '.join(sorted(only - PARTS))}; there are {', '.join(sorted(PARTS))}"
        )
    # A ceiling is no ceiling if the broker could do better: all of Java's compiler tiers, as in production.
    os.environ.setdefault("BELLWIRE_KAFKA_JAVA_OPTIONS", "-XX:TieredStopAtLevel=4")
    folder = tempfile.mkdtemp(prefix="bellwire-bench-")
    with Stack(Path(folder), (KAFKA, POSTGRES, SIMULATORS), tell=_say) as stack:
        env = {"KAFKA_BOOTSTRAP_SERVERS": stack.endpoints.kafka, "DATABASE_URL": stack.endpoints.database}
        if "ingest" in only:
            ingest(env)
        if "evaluate" in only:
            evaluate(env)
        if "release" in only:
            release(env)
        if "answers" in only:
            answers(env)
        if "deliver" in only:
            deliver(env, Path(folder) / "state" / SIMULATORS / "providers.json")
        if "queue" in only:
            queue(env)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
