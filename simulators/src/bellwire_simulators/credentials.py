"""The credentials that the simulated providers give a customer: APNs signing keys, an FCM service account."""

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from joserfc.jwk import ECKey, RSAKey

from .apns.provider_token import SigningKey
from .certificates import private_pem, write_secret
from .fcm.oauth import ServiceAccount

TEAM_ID = "BELLWIRE01"
KEY_ID = "BELLWKEY01"
SECOND_KEY_ID = "BELLWKEY02"
"""Another key of the same team: a token of it on a connection of the first is `UnrelatedKeyIdInToken`."""
OTHER_ENVIRONMENT_KEY_ID = "BELLWKEY03"
"""A key of APNs' other environment: `BadEnvironmentKeyIdInToken`."""
TOPIC = "org.bellwire.family"
PROJECT_ID = "bellwire-local"
_EMAIL = f"push@{PROJECT_ID}.iam.gserviceaccount.com"
_ACCOUNT_KEY_ID = "b3117e" + "0" * 34


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the servers check against, and the files that the customer signs with."""

    apns_keys: dict[str, SigningKey]
    apns_key_files: dict[str, Path]
    service_account: ServiceAccount
    service_account_file: Path


def ensure_credentials(folder: Path, token_uri: str) -> Credentials:
    """Make keys in the folder unless they are there; the service account names `token_uri` in any case."""
    files = {
        key_id: folder / f"AuthKey_{key_id}.p8"
        for key_id in (KEY_ID, SECOND_KEY_ID, OTHER_ENVIRONMENT_KEY_ID)
    }
    keys = {
        key_id: SigningKey(key_id, TEAM_ID, _ensure_ec_key(path), here=key_id != OTHER_ENVIRONMENT_KEY_ID)
        for key_id, path in files.items()
    }
    account_file = folder / "fcm_service_account.json"
    return Credentials(keys, files, _ensure_account(account_file, token_uri), account_file)


def _ensure_ec_key(path: Path) -> ECKey:
    if not path.exists():
        write_secret(path, private_pem(ec.generate_private_key(ec.SECP256R1())))
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    return ECKey.import_key(_public_pem(private.public_key()))


def _ensure_account(path: Path, token_uri: str) -> ServiceAccount:
    if path.exists():
        content = json.loads(path.read_text())
    else:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        content = {
            "type": "service_account",
            "project_id": PROJECT_ID,
            "private_key_id": _ACCOUNT_KEY_ID,
            "private_key": private_pem(private).decode(),
            "client_email": _EMAIL,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "universe_domain": "googleapis.com",
        }
    content["token_uri"] = token_uri
    write_secret(path, json.dumps(content, indent=2).encode())
    loaded = serialization.load_pem_private_key(content["private_key"].encode(), password=None)
    public = RSAKey.import_key(_public_pem(loaded.public_key()))
    return ServiceAccount(content["client_email"], content["private_key_id"], public, token_uri)


def _public_pem(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
