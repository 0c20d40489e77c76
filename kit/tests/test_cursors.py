"""Cursors open for whom they were sealed, and for nobody else."""

import pytest
from bellwire_kit.cursors import Cursors
from bellwire_kit.web.problems import Problem
from hypothesis import given
from hypothesis import strategies as st

positions = st.lists(st.text() | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=4)


@given(st.binary(min_size=1), st.text(), positions)
def test_a_cursor_gives_its_position_back(secret: bytes, scope: str, position: list[object]) -> None:
    cursors = Cursors(secret)
    assert cursors.open(scope, cursors.seal(scope, position)) == position


@given(st.binary(min_size=1), st.text(), st.text(), positions)
def test_a_cursor_of_another_scope_is_refused(
    secret: bytes, one: str, other: str, position: list[object]
) -> None:
    cursors = Cursors(secret)
    if one != other:
        with pytest.raises(Problem):
            cursors.open(other, cursors.seal(one, position))


@given(st.binary(min_size=1), st.text(alphabet=st.characters(codec="ascii")))
def test_what_was_made_up_is_refused(secret: bytes, made_up: str) -> None:
    with pytest.raises(Problem) as refused:
        Cursors(secret).open("scope", made_up)
    assert refused.value.status == 400
