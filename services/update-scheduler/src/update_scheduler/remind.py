"""Reminds contacts of what is scheduled, 7 days and 24 hours before (product.md section 7)."""

from dataclasses import dataclass

from bellwire_kit.clock import Clock

from update_scheduler.domain.reminding import EARLIEST, Lead, reminder_due
from update_scheduler.domain.requests import Step
from update_scheduler.domain.slots import Slot
from update_scheduler.ports import Queue
from update_scheduler.recording import Scribe


@dataclass(frozen=True, slots=True)
class Remind:
    """The use case of reminding whom it is time to remind."""

    clock: Clock
    scribe: Scribe

    async def __call__(self, queue: Queue) -> int:
        """Put the reminders that are due into the mail outbox, each once; how many requests they are about."""
        now = self.clock.now()
        due = {
            lead: [
                r
                for r in soon
                if isinstance(r.slot, Slot) and reminder_due(r.slot.at, r.moved_at, now) is lead
            ]
            for soon in [await queue.lock_soon(now, now + EARLIEST)]
            for lead in Lead
        }
        reminded = 0
        for lead, requests in due.items():
            if not requests:
                continue
            fresh = await queue.remember_reminders(requests, lead, now)
            steps = [Step(r.state, r) for r in requests if r.id in fresh]
            if steps:
                await queue.add_mails(await self.scribe.reminders(queue, steps, lead), now)
                reminded += len(steps)
        return reminded
