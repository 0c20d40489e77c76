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
    """The balance that a user was last told of an account; `never` also after it was cleared."""

    never: bool = True
    balance: Decimal = Decimal(0)


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


def cleared(now: Content, told: ToldBalance, threshold: Decimal) -> bool:
    """Whether the balance clears what the user was told: the next crossing is told again."""
    return not told.never and now.balance >= threshold


def told_text(balance: Decimal) -> str:
    """Write a balance as `told` stores it."""
    return format(balance, "f")


def read_told(text: str) -> ToldBalance:
    """Read what `told_text` wrote; empty is never told, or cleared."""
    return ToldBalance(False, Decimal(text)) if text else NEVER_TOLD
