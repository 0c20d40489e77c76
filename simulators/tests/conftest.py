"""Both builds as processes, a customer that signs and sends, and a client that sees every frame."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from bellwire_simulators.endpoints import Endpoints
from bellwire_simulators.outcomes import Outcome
from bellwire_simulators.starting import running_providers
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, RemoteSettingsChanged
from hypothesis import settings
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.response import Response

# The machine may be busy: a slow example is no fault.
settings.register_profile("simulators", deadline=None)
settings.load_profile("simulators")

PAYLOAD = {"aps": {"alert": {"title": "A", "body": "b"}, "badge": 1}, "bellwire": {"alert_id": "x"}}


@dataclass
class Customer:
    """Sends as the dispatcher would, over one client of pyreqwest."""

    at: Endpoints
    client: Client
    plain: Client
    token: str
    access: str = ""

    async def push(
        self,
        token: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        bearer: str | None = None,
        method: str = "POST",
        path: str | None = None,
        without: tuple[str, ...] = (),
    ) -> Response:
        sent = {
            "authorization": f"bearer {self.token if bearer is None else bearer}",
            "apns-topic": self.at.apns_topic,
            "apns-push-type": "alert",
            "apns-id": str(uuid4()),
            "apns-priority": "10",
            "apns-expiration": "0",
        } | (headers or {})
        url = self.at.apns + (f"/3/device/{token}" if path is None else path)
        request = self.client.request(method, url).headers(
            {name: value for name, value in sent.items() if name not in without}
        )
        content = orjson.dumps(PAYLOAD) if body is None else body
        return await request.body_bytes(content).build().send()

    async def grant(self, form: str | None = None) -> Response:
        post = self.client.post(self.at.fcm_token_url).header(
            "content-type", "application/x-www-form-urlencoded"
        )
        return await post.body_text(self.at.grant() if form is None else form).build().send()

    async def send(
        self, message: Any, *, access: str | None = None, url: str | None = None, **outer: Any
    ) -> Response:
        if access is None and not self.access:
            self.access = (await (await self.grant()).json())["access_token"]
        post = self.client.post(url or self.at.send_url).bearer_auth(
            self.access if access is None else access
        )
        return await post.body_json({"message": message, **outer}).build().send()

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        answer = await self.plain.get(f"{self.at.ledger}?after={after}").build().send()
        return list(await answer.json())

    async def count(self) -> int:
        answer = await self.plain.get(self.at.control).build().send()
        return int((await answer.json())["accepted"])

    async def control(self, method: str, content: Any = None, path: str = "") -> Response:
        request = self.plain.request(method, self.at.control + path)
        if content is not None:
            request = request.body_json(content)
        return await request.build().send()

    async def rule(self, provider: str, times: int = 1, *, token: str = "", **outcome: Any) -> None:
        given = Outcome(**outcome).model_dump(mode="json")
        answer = await self.control(
            "POST", {"provider": provider, "times": times, "token": token, "outcome": given}
        )
        assert answer.status == 201, await answer.text()


@dataclass
class Wire:
    """An HTTP/2 client that keeps every event the server caused."""

    endpoints: Endpoints
    sock: ssl.SSLSocket
    h2: H2Connection = field(
        default_factory=lambda: H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    )
    events: list[Event] = field(default_factory=list)
    closed: bool = False

    def request(self, token: str, bearer: str, *, end: bool = True, headers: tuple[Any, ...] = ()) -> int:
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(
            stream,
            [
                (":method", "POST"),
                (":scheme", "https"),
                (":path", f"/3/device/{token}"),
                (":authority", "localhost"),
                ("authorization", f"bearer {bearer}"),
                ("apns-topic", self.endpoints.apns_topic),
                *headers,
            ],
        )
        self.h2.send_data(stream, orjson.dumps(PAYLOAD), end_stream=end)
        self.flush()
        return stream

    def flush(self) -> None:
        self.sock.sendall(self.h2.data_to_send())

    def until(self, done: Callable[[list[Event]], object]) -> list[Event]:
        """Read until the events so far satisfy `done`, or the server has closed (5 s at most)."""
        while not done(self.events) and not self.closed:
            data = self.sock.recv(65_536)
            if data:
                self.events += self.h2.receive_data(data)
                self.flush()
            else:
                self.closed = True
        return self.events

    def seen(self, kind: type, stream: int | None = None) -> list[Any]:
        return [
            event
            for event in self.events
            if isinstance(event, kind) and (stream is None or getattr(event, "stream_id", None) == stream)
        ]

    def stream_limit(self) -> int:
        return self.h2.remote_settings.max_concurrent_streams

    def greet(self) -> None:
        self.h2.initiate_connection()
        self.flush()
        self.until(lambda _: self.seen(RemoteSettingsChanged))


@pytest.fixture(scope="session")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    with running_providers(tmp_path_factory.mktemp("fast")) as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    with running_providers(tmp_path_factory.mktemp("faulty"), faulty=True) as endpoints:
        yield endpoints


@pytest.fixture(scope="session", params=["fast", "faulty"])
def either(request: pytest.FixtureRequest) -> Endpoints:
    endpoints: Endpoints = request.getfixturevalue(request.param)
    return endpoints


def _client(authority: Path) -> Client:
    builder = ClientBuilder().timeout(timedelta(seconds=15)).http2_prior_knowledge()
    return builder.add_root_certificate_pem(authority.read_bytes()).build()


async def _customer(endpoints: Endpoints) -> AsyncIterator[Customer]:
    async with _client(Path(endpoints.ca_file)) as client, ClientBuilder().build() as plain:
        customer = Customer(endpoints, client, plain, endpoints.provider_token())
        await customer.control("DELETE")
        yield customer
        await customer.control("DELETE")


@pytest.fixture
async def customer(either: Endpoints) -> AsyncIterator[Customer]:
    async for customer in _customer(either):
        yield customer


@pytest.fixture
async def faulty_customer(faulty: Endpoints) -> AsyncIterator[Customer]:
    async for customer in _customer(faulty):
        yield customer


@pytest.fixture
def wire(faulty: Endpoints, faulty_customer: Customer) -> Iterator[Callable[[], Wire]]:
    """Open connections to the faulty build's APNs, each past its first SETTINGS."""
    with ExitStack() as stack:

        def connect() -> Wire:
            context = ssl.create_default_context(cafile=faulty.ca_file)
            context.set_alpn_protocols(["h2"])
            port = int(faulty.apns.rpartition(":")[2])
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            opened = Wire(faulty, stack.enter_context(context.wrap_socket(raw, server_hostname="localhost")))
            opened.greet()
            return opened

        yield connect


@pytest.fixture
def device() -> str:
    """A device token that nobody else uses."""
    return uuid4().hex * 2
