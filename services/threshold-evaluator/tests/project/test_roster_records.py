"""The handler of roster-events: from Kafka records to rows, a bad one costing only itself."""

import json
from datetime import UTC, datetime

import pytest
from bellwire_kit.postgres import open_pool
from bellwire_kit.streams.protocol import DONE, DeadLetter, Record
from bellwire_schemas.envelope import CloudEvent, to_kafka
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRosterTransactions
from threshold_evaluator.roster_records import ProjectPlaces, read_place

T0 = datetime(2026, 9, 1, 8, tzinfo=UTC)
DISTRICT = {"district_id": "roosevelt", "name": "Roosevelt", "state": "TX", "timezone": "America/Chicago"}


def record(
    data: object,
    type: str = "bellwire.district.changed.v1",
    source: str = "/districts/roosevelt/staging",
    offset: int = 0,
) -> Record:
    body = json.dumps(data).encode() if isinstance(data, dict) else bytes(str(data), "utf-8")
    event = CloudEvent(f"e{offset}", source, type, "districts/roosevelt", T0, body)
    value, headers = to_kafka(event)
    return Record("bellwire.roster-events.v1", 0, offset, 0, b"k", value, headers)


def versioned(**fields: object) -> dict[str, object]:
    return {**DISTRICT, "modified_at": T0.isoformat(), **fields}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("no json"), "invalid_data"),
        (record({**DISTRICT}), "invalid_data"),
        (record(versioned(timezone="Mars/Olympus")), "invalid_data"),
        (record(versioned(timezone="posixrules")), "invalid_data"),
        (record(versioned(name="a\u0000b")), "invalid_data"),
        (record(versioned(district_id="other")), "foreign_district"),
        (record(versioned(), source="/districts/roosevelt"), "invalid_source"),
        (record(versioned(), type="bellwire.student.changed.v1"), "unexpected_type"),
        (Record("t", 0, 0, 0, b"k", b"{}", ()), "invalid_envelope"),
    ],
)
def test_a_record_that_can_never_be_stored_says_why_without_values(bad: Record, reason: str) -> None:
    outcome = read_place(bad)
    assert isinstance(outcome, DeadLetter)
    assert outcome.reason == reason
    assert "Mars" not in outcome.error


def test_a_backslash_before_u0000_is_only_text() -> None:
    assert not isinstance(read_place(record(versioned(name="\\u0000"))), DeadLetter)


async def test_a_batch_is_stored_and_its_bad_record_costs_only_itself(migrated: str) -> None:
    async with open_pool(migrated, "threshold_evaluator") as pool:
        handler = ProjectPlaces(PostgresRosterTransactions(pool))
        school = {"district_id": "roosevelt", "modified_at": T0.isoformat(), "school_id": "x", "name": "X"}
        outcomes = await handler(
            [
                record(versioned(name="Old"), offset=1),
                record("{", offset=2),
                record(
                    f'{{"district_id": "roosevelt", "modified_at": "2026-09-02T08:00:00Z", "name": "N", "state": "TX",'
                    f' "timezone": "UTC", "settings": {{"a": {10**400}, "b": NaN}}}}',
                    offset=5,
                ),
                record(school, type="bellwire.school.changed.v1", offset=3),
                record(versioned(name="Neu"), offset=4),
            ]
        )
        assert [outcome is DONE for outcome in outcomes] == [True, False, False, True, True]
        assert outcomes[2] == DeadLetter("unstorable", "the database refuses a value of the event")
        assert await pool.fetchval("select name from districts where district_id = 'roosevelt'") == "Neu"
        assert (
            await pool.fetchval("select environment from schools where district_id = 'roosevelt'")
            == "staging"
        )
