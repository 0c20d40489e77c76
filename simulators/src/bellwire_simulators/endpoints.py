"""Where a run's providers are and how a customer signs for them: `providers.json`, read."""

import json
import time
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from .fcm.oauth import GRANT_TYPE

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The content of `providers.json`: addresses are URLs, files absolute paths."""

    pid: int
    apns: str
    fcm: str
    fcm_token_url: str
    ledger: str
    control: str
    ca_file: str
    apns_key_file: str
    apns_key_id: str
    apns_team_id: str
    apns_topic: str
    fcm_project_id: str
    fcm_service_account_file: str

    @classmethod
    def read(cls, path: Path) -> "Endpoints":
        """Read `providers.json`; fields of a later version are left out."""
        content = json.loads(path.read_text())
        return cls(**{field.name: content[field.name] for field in fields(cls)})

    @property
    def send_url(self) -> str:
        """FCM's address for a message of this project."""
        return f"{self.fcm}/v1/projects/{self.fcm_project_id}/messages:send"

    def provider_token(self, age: float = 0, key_id: str = "") -> str:
        """Sign an APNs provider token `age` seconds old, with the run's key of `key_id` if it is given."""
        key_file = Path(self.apns_key_file)
        if key_id:
            key_file = key_file.with_name(f"AuthKey_{key_id}.p8")
        header = {"alg": "ES256", "kid": key_id or self.apns_key_id}
        claims = {"iss": self.apns_team_id, "iat": int(time.time() - age)}
        return jwt.encode(header, claims, ECKey.import_key(key_file.read_bytes()), algorithms=["ES256"])

    def grant(self, **claims: object) -> str:
        """The form of an OAuth grant by the service account; `claims` replace those of a right one."""
        account = json.loads(Path(self.fcm_service_account_file).read_text())
        now = int(time.time())
        right = {
            "iss": account["client_email"],
            "aud": account["token_uri"],
            "scope": _SCOPE,
            "iat": now,
            "exp": now + 3600,
        }
        header = {"alg": "RS256", "kid": account["private_key_id"]}
        assertion = jwt.encode(header, right | claims, RSAKey.import_key(account["private_key"]))
        return urlencode({"grant_type": GRANT_TYPE, "assertion": assertion})
