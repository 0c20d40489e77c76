"""Detection for lunch balances, told once a crossing and user (product.md section 3, "lunch")."""

from dataclasses import dataclass
from decimal import Decimal

from bellwire_schemas.names import Kind

from threshold_evaluator.domain.changes import AnyLunchBalance
from threshold_evaluator.domain.effective import KindSettings, Unbounded
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.things import Content


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """The balance that a user was last told of an account; `never` also after it was cleared.

    It was told of the account of `student_id`, of whom it was low below `threshold`.
    """

    never: bool = True
    balance: Decimal = Decimal(0)
    threshold: Decimal = Decimal(0)
    student_id: str = ""


NEVER_TOLD = ToldBalance()


def content(change: AnyLunchBalance) -> Content:
    """Reduce a version to its balance."""
    return Content(balance=change.balance)


def low_at(rule: KindSettings) -> Decimal:
    """Return the dollars below which a balance is low."""
    if isinstance(rule.threshold, Unbounded):
        raise ValueError("the threshold of lunch is a number of dollars")
    return rule.threshold


def facts(now: Content, told: ToldBalance, threshold: Decimal) -> tuple[Fact, ...]:
    """Low is due when the balance is below and the user was never told, or told of one not below."""
    if now.balance < threshold and (told.never or told.balance >= threshold):
        return (Fact(Kind.LUNCH_LOW),)
    return ()


def cleared(now: Content, told: ToldBalance, threshold: Decimal, student_id: str) -> bool:
    """Whether the balance clears what the user was told: the next crossing is told again.

    Students who share an account may have thresholds of their own, by school or by choice: what is not low for one
    clears what was told of another only when it is not low for that one either. Else each change would be told.
    """
    if told.never or now.balance < threshold:
        return False
    return told.student_id == student_id or now.balance >= told.threshold


def told_text(balance: Decimal, threshold: Decimal, student_id: str) -> str:
    """Write a telling as `told` stores it: `9.75/10.00/student`."""
    return f"{balance:f}/{threshold:f}/{student_id}"


def read_told(text: str) -> ToldBalance:
    """Read what `told_text` wrote, or a balance alone; empty is never told, or cleared."""
    if not text:
        return NEVER_TOLD
    balance, threshold, student_id = (*text.split("/", 2), "0", "")[:3]
    return ToldBalance(False, Decimal(balance), Decimal(threshold), student_id)
