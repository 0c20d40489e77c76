"""The ledger under load is exactly what was answered 200: nothing lost, nothing twice, numbered in order."""

import asyncio
from uuid import uuid4

from bellwire_simulators.outcomes import Outcome
from bellwire_simulators.telling import apns_token

REQUESTS = 5_000
AT_ONCE = 100


async def test_five_thousand_pushes_are_all_there_once(customer) -> None:
    assert (await customer.push("ab" * 32)).status == 200
    before = await customer.count()
    refused = Outcome(error="Unregistered")
    ids: dict[str, str] = {}
    work = iter(range(REQUESTS))

    async def sender() -> None:
        for number in work:
            apns_id = str(uuid4())
            token = apns_token(refused, number) if number % 10 == 0 else f"{number:064x}"
            answer = await customer.push(token, headers={"apns-id": apns_id})
            assert answer.headers["apns-id"] == apns_id
            assert answer.status == (410 if number % 10 == 0 else 200)
            if answer.status == 200:
                ids[apns_id] = token

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    entries = await customer.ledger(before)
    assert {entry["id"]: entry["token"] for entry in entries} == ids
    assert [entry["n"] for entry in entries] == list(range(before + 1, before + 1 + len(ids)))
    moments = [entry["at"] for entry in entries]
    assert moments == sorted(moments)
