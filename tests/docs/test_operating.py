"""docs/operating.md names every setting that a service reads."""

from collections.abc import Iterator
from pathlib import Path

import gradebook_events.settings
import push_dispatcher.settings
import pytest
import threshold_evaluator.settings
import update_scheduler.pages.settings
import update_scheduler.settings
from bellwire_kit.auth import OidcSettings
from bellwire_kit.streams.settings import StreamSettings
from pydantic_settings import BaseSettings

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
_SECURITY = ("security_protocol", "sasl_mechanism", "sasl_username", "sasl_password", "ca_file")


def variables() -> Iterator[str]:
    services: tuple[type[BaseSettings], ...] = (
        gradebook_events.settings.Settings,
        threshold_evaluator.settings.Settings,
        push_dispatcher.settings.Settings,
        update_scheduler.settings.Settings,
        update_scheduler.pages.settings.PagesSettings,
        OidcSettings,
    )
    yield from (name.upper() for service in services for name in service.model_fields)
    yield from (f"KAFKA_{name.upper()}" for name in _SECURITY if name in StreamSettings.model_fields)


@pytest.mark.parametrize("variable", sorted(set(variables())))
def test_a_setting_is_named(variable: str) -> None:
    assert f"`{variable}`" in OPERATING
