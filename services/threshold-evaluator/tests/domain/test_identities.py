"""Ids of many users at once are the ids of the contract."""

from bellwire_schemas.ids import alert_id
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.domain.identities import AlertIds

texts = st.text(min_size=1, max_size=20)


@given(st.sampled_from(Environment), texts, texts, texts)
def test_equal_to_the_contract(environment: Environment, event_source: str, event_id: str, user: str) -> None:
    source = Source("d-1", environment)
    assert AlertIds(source, event_source, event_id).of(user) == alert_id(source, event_source, event_id, user)
