"""Asking a running local issuer for a token (`make token`)."""

import json
import urllib.error
import urllib.request

from bellwire_local.errors import LocalError, NotUp


def local_token(issuer: str, role: str, user: str, district: str, environment: str) -> str:
    """A bearer token, or a publisher key for role publisher; "" leaves a field to the issuer's default."""
    if not issuer.startswith("http://127.0.0.1:"):
        raise LocalError(
            f"The stack uses the issuer {issuer or 'of nobody'}, which gives no local tokens: unset OIDC_ISSUER, "
            f"or sign in there."
        )
    body = {"role": role, "user": user, "district": district, "environment": environment}
    request = urllib.request.Request(  # noqa: S310 - http on this machine
        f"{issuer}/local-tokens", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 - http on this machine
            return str(json.load(answer)["token"])
    except urllib.error.HTTPError as error:
        raise LocalError(_refusal(error)) from error
    except OSError as error:
        raise NotUp(
            f"The local issuer at {issuer} does not answer: start the stack with `make up`."
        ) from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(error)
    except ValueError:
        problem = {}
    where = str(problem.get("pointer", "")).strip("/")
    found = f"{where + ': ' if where else ''}{problem.get('detail') or problem.get('title') or error.reason}"
    return f"No token was given ({found.rstrip('.')}): put that right and ask again."
