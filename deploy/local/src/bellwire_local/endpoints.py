"""`.local/endpoints.json`: where everything of a running stack is (architecture.md section 7)."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from bellwire_local.errors import NotUp
from bellwire_local.paths import write_atomically


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses; "" for what this stack does not have. `kafka` and `smtp` are `host:port`, the rest URLs."""

    gradebook_events: str
    threshold_evaluator: str
    push_dispatcher: str
    update_scheduler: str
    kafka: str
    database: str
    apns: str
    fcm: str
    ca_file: str
    ledger: str
    smtp: str
    mailbox: str
    issuer: str

    def as_dict(self) -> dict[str, str]:
        """The object of the file."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Write the file; only the owner reads it, for it holds the database's password."""
        write_atomically(path, json.dumps(self.as_dict(), indent=2) + "\n", mode=0o600)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file of a stack that is up. Raises `NotUp`."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError as error:
            raise NotUp(f"No local stack is up in {path.parent}: start it with `make up`.") from error
