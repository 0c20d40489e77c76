"""What the views reach for: put into the application by app.py."""

from dataclasses import dataclass

from aiohttp import web
from bellwire_kit.clock import Clock
from bellwire_kit.cursors import Cursors

from update_scheduler.create import Create
from update_scheduler.create_group import CreateGroup
from update_scheduler.discuss import Discuss, DiscussGroup
from update_scheduler.registry import Registry
from update_scheduler.remove import Remove, RemoveGroup
from update_scheduler.transition import Transition
from update_scheduler.transition_group import TransitionGroup


@dataclass(frozen=True, slots=True)
class Parts:
    """The use cases, and the registry to look at."""

    clock: Clock
    cursors: Cursors
    registry: Registry
    create: Create
    create_group: CreateGroup
    transition: Transition
    transition_group: TransitionGroup
    remove: Remove
    remove_group: RemoveGroup
    discuss: Discuss
    discuss_group: DiscussGroup


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)
