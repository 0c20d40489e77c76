"""Every example of docs/alert-rules.md happens as the page says, and the page says what the examples are."""

import os
from dataclasses import replace

import pytest

from .conftest import World
from .rule_book import PAGE, Player, page
from .rule_examples import CHAPTERS, Example

EXAMPLES = [example for _, _, examples in CHAPTERS for example in examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
async def test_it_happens_as_the_page_says(world: World, example: Example) -> None:
    player = Player(world)
    await player.play(example)
    found = replace(example, phone=tuple(player.phone), inbox=await player.inbox(), why=await player.why())
    if os.environ.get("BELLWIRE_SHOW"):
        print("\n@@" + repr((found.title, found.phone, found.inbox, found.why)))
        return
    assert found.phone == example.phone
    assert found.inbox == example.inbox
    assert found.why == example.why


def test_the_page_is_written_from_the_examples() -> None:
    if os.environ.get("BELLWIRE_WRITE_PAGES"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with BELLWIRE_WRITE_PAGES=1"
