"""Ids are the same for the same thing and differ with any part; keys cannot be forged by an odd id."""

from uuid import UUID

import pytest
from bellwire_schemas.ids import alert_id, delivery_id, slot_id, summary_id
from bellwire_schemas.keys import roster_key, student_key, user_key
from bellwire_schemas.names import Environment
from bellwire_schemas.source import InvalidSource, Source, parse_source
from hypothesis import given
from hypothesis import strategies as st

ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
sources = st.builds(Source, st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), st.sampled_from(Environment))


@given(sources, sources, ids, ids, ids, ids)
def test_an_alert_id_is_of_its_parts(
    one: Source, other: Source, event: str, event2: str, user: str, user2: str
) -> None:
    first = alert_id(one, str(one), event, user)
    assert first == alert_id(one, str(one), event, user)
    same = (one, event, user) == (other, event2, user2)
    assert (first == alert_id(other, str(other), event2, user2)) is same


@given(sources, ids, ids, ids, ids)
def test_two_pairs_of_ids_never_share_a_slot_or_key(source: Source, a: str, b: str, c: str, d: str) -> None:
    assert (slot_id(source, a, b) == slot_id(source, c, d)) is ((a, b) == (c, d))
    assert (roster_key(source, a, b) == roster_key(source, c, d)) is ((a, b) == (c, d)) or a != c
    assert (student_key(source, a) == student_key(source, c)) is (a == c)
    assert user_key(source, a).count(b"/") == 2


@given(st.lists(st.uuids(version=5) | st.uuids(), min_size=1, max_size=6), st.randoms())
def test_a_summary_is_of_its_members_in_any_order(members: list[UUID], random: object) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert summary_id(members) == summary_id(shuffled)
    assert delivery_id(members[0], "x") != delivery_id(members[0], "y")


@given(sources)
def test_a_source_is_read_back(source: Source) -> None:
    assert parse_source(str(source)) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "districts/a/production",
        "/districts/a",
        "/districts/A/production",
        "/districts/a/test",
        "/districts//production",
        "/districts/a/production/",
        "https://x/districts/a/production",
        "/districts/a\n/production",
    ],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(InvalidSource):
        parse_source(text)
