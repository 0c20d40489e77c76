"""Requests a second of both builds: `python simulators/bench/requests_per_second.py [--requests N]`.

One pyreqwest client in this process, one connection, so many requests in flight; the server is another process.
Prints, a build: requests/s, and CPU microseconds a request of server and of client. Whichever has more CPU a
request is the limit: on two cores that is often the client.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import orjson
from bellwire_simulators.endpoints import Endpoints
from bellwire_simulators.starting import running_providers
from pyreqwest.client import Client, ClientBuilder

_PAYLOAD = orjson.dumps(
    {
        "aps": {"alert": {"title": "Algebra", "body": "A new score: 61 %"}, "badge": 3},
        "bellwire": {"alert_id": str(uuid4()), "student_id": "s-1", "area": "grades", "thing_id": "t-1"},
    }
)


def _cpu_seconds(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


async def _push(client: Client, endpoints: Endpoints, token: str, number: int) -> None:
    headers = {
        "authorization": f"bearer {token}",
        "apns-topic": endpoints.apns_topic,
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-id": str(uuid4()),
        "apns-collapse-id": str(uuid4()),
        "apns-expiration": "1900000000",
    }
    request = client.post(f"{endpoints.apns}/3/device/{number:064x}").headers(headers)
    answer = await request.body_bytes(_PAYLOAD).build().send()
    if answer.status != 200:
        raise RuntimeError(f"answered {answer.status}: {await answer.text()}")


async def _measure(endpoints: Endpoints, authority: bytes, requests: int, in_flight: int) -> str:
    builder = ClientBuilder().http2_prior_knowledge().add_root_certificate_pem(authority)
    token = endpoints.provider_token()
    async with builder.build() as client:
        await _push(client, endpoints, token, requests)
        numbers = iter(range(requests))

        async def sender() -> None:
            for number in numbers:
                await _push(client, endpoints, token, number)

        server, own, start = _cpu_seconds(endpoints.pid), time.process_time(), time.perf_counter()
        await asyncio.gather(*(sender() for _ in range(in_flight)))
        took = time.perf_counter() - start
        server, own = _cpu_seconds(endpoints.pid) - server, time.process_time() - own
    micros = 1e6 / requests
    return f"{requests / took:8.0f}/s  server {server * micros:4.0f} us  client {own * micros:4.0f} us"


def main() -> None:
    """Measure both builds and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, default=100)
    arguments = parser.parse_args()
    for faulty in (False, True):
        with tempfile.TemporaryDirectory() as folder, running_providers(Path(folder), faulty=faulty) as at:
            requests = arguments.requests // (4 if faulty else 1)
            authority = Path(at.ca_file).read_bytes()
            line = asyncio.run(_measure(at, authority, requests, arguments.in_flight))
            print(f"{'faulty' if faulty else 'fast':8}{line}")


if __name__ == "__main__":
    main()
