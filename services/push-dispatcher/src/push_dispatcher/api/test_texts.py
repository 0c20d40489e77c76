"""The words of the test push, in the languages that the product is complete in."""

from bellwire_schemas.alerts import AlertText

_TEXTS = {
    "en": AlertText(title="Bellwire", body="Notifications reach this device."),
    "es": AlertText(title="Bellwire", body="Las notificaciones llegan a este dispositivo."),
}


def test_text(accept_language: str) -> AlertText:
    """Return the text in the first language of an Accept-Language header that we have, else English."""
    for part in accept_language.split(","):
        language = part.split(";")[0].strip().split("-")[0].lower()
        if language in _TEXTS:
            return _TEXTS[language]
    return _TEXTS["en"]
