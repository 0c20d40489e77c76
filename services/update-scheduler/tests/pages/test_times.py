"""Times in words, and what a reader of live pages hears (hypothesis)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.actors import AllDistricts, Only, Person, Role
from update_scheduler.pages.login import local
from update_scheduler.pages.news import News, Readers
from update_scheduler.pages.times import absolute, relative, span

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "now"),
        (-59, "now"),
        (60, "in 1 min"),
        (-3600, "1 h ago"),
        (47 * 3600, "in 47 h"),
        (48 * 3600, "in 2 days"),
        (-59 * 86400, "59 days ago"),
        (60 * 86400, "in 2 months"),
        (-800 * 86400, "2 years ago"),
    ],
)
def test_relative(seconds, words):
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words


@given(st.floats(-1e9, 1e9))
def test_spans_are_positive_and_short(seconds):
    words = span(seconds)
    assert len(words) <= 12
    assert "-" not in words


def test_absolute_names_the_zone_and_follows_clock_changes():
    chicago = ZoneInfo("America/Chicago")
    assert absolute(datetime(2026, 11, 26, 6, 30, tzinfo=UTC), chicago) == "Thu 26 Nov 2026, 00:30 CST"
    assert absolute(datetime(2026, 7, 2, 5, 30, tzinfo=UTC), chicago) == "Thu 2 Jul 2026, 00:30 CDT"


@given(st.text())
def test_after_the_sign_in_one_stays_here(path):
    to = local(path)
    assert to.startswith("/")
    assert not to.startswith(("//", "/\\"))
    assert "\n" not in to
    assert "\r" not in to


@given(st.sets(st.sampled_from("abc")), st.sampled_from(["", "a", "b"]), st.sampled_from(["", "a", "b", "c"]))
def test_readers_hear_only_of_what_they_may_see(own, bound, about):
    readers = Readers()
    contact = Person("u", Role.TECHNICAL_CONTACT, Only(frozenset(own)))
    operator = Person("o", Role.OPERATOR, AllDistricts())
    with readers.reading(contact, bound) as mine, readers.reading(operator) as all_of_it:
        readers.tell(News(about, "r"))
        assert all_of_it.woken.is_set()
        assert mine.woken.is_set() == (not about or (about in own and bound in ("", about)))
    assert len(readers) == 0


def test_too_much_news_becomes_anything_may_have_changed():
    readers = Readers()
    with readers.reading(Person("o", Role.OPERATOR, AllDistricts())) as reader:
        for n in range(3):
            readers.tell(News("a", str(n)))
        readers.tell(News("a", "1"))
        assert reader.take() == [News("a", "0"), News("a", "1"), News("a", "2")]
        assert reader.take() == []
        for n in range(2000):
            readers.tell(News("a", str(n)))
        assert News() in reader.take()
