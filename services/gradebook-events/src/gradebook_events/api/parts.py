"""What the views reach for: put into the application by app.py."""

from dataclasses import dataclass

from aiohttp import web
from bellwire_kit.clock import Clock
from bellwire_kit.cursors import Cursors

from gradebook_events.accept import Door
from gradebook_events.authenticate import Authenticator
from gradebook_events.import_ports import Imports
from gradebook_events.manage_publishers import ManagePublishers
from gradebook_events.receive_package import ReceivePackage
from gradebook_events.shares import Shares


@dataclass(frozen=True, slots=True)
class Parts:
    """The use cases, and the imports to look at."""

    clock: Clock
    cursors: Cursors
    authenticator: Authenticator
    shares: Shares
    door: Door
    publishers: ManagePublishers
    packages: ReceivePackage
    imports: Imports
    most_items: int


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)
