"""A batch folded in its order says what its events, taken one by one, would have left."""

from datetime import UTC, datetime
from uuid import UUID

from bellwire_schemas.names import Area, Environment, Group, Kind, Privacy, Urgency
from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.domain.alert import Alert, Erasure, InboxCount, UserKey, Withdrawal, user_of
from push_dispatcher.domain.intake import folded

NOW = datetime(2026, 3, 4, tzinfo=UTC)
USERS = st.builds(
    UserKey, st.sampled_from(["d", "e"]), st.sampled_from(list(Environment)[:2]), st.sampled_from("uv")
)


def alert(user, number, seq):
    return Alert(
        *user,
        alert_id=UUID(int=number),
        student_id="s",
        group=Group.GRADES,
        kinds=(Kind.GRADE_POSTED,),
        area=Area.GRADES,
        thing_id="t",
        things={"t": NOW},
        slot=UUID(int=number),
        texts={},
        summary_text={},
        privacy=Privacy.FULL,
        urgency=Urgency.BULK,
        link="",
        send_before=NOW,
        unseen=0,
        seq=seq,
        requested_at=NOW,
    )


@st.composite
def events(draw):
    """Few users and alerts, so that they meet; an alert's id is of its user."""
    made = []
    for seq in range(draw(st.integers(0, 12))):
        user = draw(USERS)
        number = abs(hash(user)) % 2**60 * 4 + draw(st.integers(0, 2))
        match draw(st.sampled_from(["alert", "withdrawn", "inbox", "erased"])):
            case "alert":
                made.append(alert(user, number, seq))
            case "withdrawn":
                made.append(Withdrawal(*user, UUID(int=number)))
            case "inbox":
                made.append(InboxCount(*user, unseen=seq, seq=draw(st.integers(0, 3)), at=NOW))
            case "erased":
                made.append(Erasure(*user))
    return made


@given(events())
def test_everybody_spoken_of_is_named_once(made):
    users = folded(made).users()
    assert len(users) == len(set(users))
    assert set(users) == {user_of(event) for event in made}


@given(events())
def test_the_last_word_about_an_alert_counts(made):
    intake = folded(made)
    for alert_id in {event.alert_id for event in made if isinstance(event, Alert | Withdrawal)}:
        about = [
            event
            for event in made
            if (isinstance(event, Alert | Withdrawal) and event.alert_id == alert_id)
            or (isinstance(event, Erasure) and UUID(int=alert_id.int) and _is_of(event, alert_id, made))
        ]
        last = about[-1]
        assert (alert_id in intake.withdrawn) == isinstance(last, Withdrawal)
        if isinstance(last, Alert):
            assert intake.alerts[alert_id] is last
        if isinstance(last, Erasure):
            assert alert_id not in intake.alerts


def _is_of(erasure, alert_id, made):
    of = next(e for e in made if isinstance(e, Alert | Withdrawal) and e.alert_id == alert_id)
    return user_of(of) == user_of(erasure)


@given(events())
def test_nothing_from_before_an_erasure_is_left(made):
    intake = folded(made)
    for user in intake.erased:
        last = max(i for i, event in enumerate(made) if isinstance(event, Erasure) and user_of(event) == user)
        after = made[last + 1 :]
        for known in (*intake.alerts.values(), *intake.withdrawn.values(), *intake.inboxes.values()):
            assert user_of(known) != user or known in after


@given(events())
def test_the_newest_inbox_counts(made):
    intake = folded(made)
    for user, change in intake.inboxes.items():
        seen = [e for e in made if isinstance(e, InboxCount) and user_of(e) == user]
        assert change in seen
        if user not in intake.erased:
            assert change.seq == max(e.seq for e in seen)


@given(events())
def test_reading_a_batch_twice_changes_nothing(made):
    erased = {user_of(e) for e in made if isinstance(e, Erasure)}
    once, twice = folded(made), folded([*made, *made])
    assert once.users() == once.users()
    assert set(once.users()) == set(twice.users())
    if not erased:
        assert {k: v.seq for k, v in once.inboxes.items()} == {k: v.seq for k, v in twice.inboxes.items()}
        assert once.withdrawn.keys() == twice.withdrawn.keys()
        assert once.alerts == twice.alerts
