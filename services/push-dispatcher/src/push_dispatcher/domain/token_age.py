"""When APNs' provider token is made anew: at most every 20 minutes, at least every 60 (providers.md section 1)."""

LEAST_SECONDS = 20 * 60
STEP_SECONDS = 30 * 60
MOST_SECONDS = 50 * 60


def issued_at(now: int) -> int:
    """Return the `iat` that every process uses at `now` (epoch seconds): the last half hour.

    So workers and restarts make one and the same token, and no more than one is new in 20 minutes.
    """
    return now - now % STEP_SECONDS


def due(issued: int, now: int) -> bool:
    """Tell whether a token of `issued` should be made anew at `now`; never sooner than the rule allows."""
    return now - issued >= MOST_SECONDS or issued_at(now) - issued >= LEAST_SECONDS


def may_renew(issued: int, now: int) -> bool:
    """Tell whether a token that APNs called expired may be made anew already."""
    return now - issued >= LEAST_SECONDS
