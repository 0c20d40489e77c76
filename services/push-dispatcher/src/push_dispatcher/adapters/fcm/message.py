"""FCM messages, encoded by firebase-admin's own encoder."""

import orjson
from firebase_admin._messaging_encoder import Message as FcmMessage
from firebase_admin._messaging_encoder import MessageEncoder
from firebase_admin.messaging import AndroidConfig, AndroidNotification

from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.payload import FCM_LONGEST_TTL, Message, Push, fcm_data, fcm_fitted

_ENCODER = MessageEncoder()
_KINDS = {"token": b'{"message":{"token":', "fid": b'{"message":{"fid":'}
_NOBODY = "-"


def fcm_message(message: Message) -> bytes:
    """Return the JSON of what is sent, without its address: a notification with its tag, or data for a badge.

    No collapse key: FCM keeps four per device, and our own queue supersedes before sending.
    """
    message = fcm_fitted(message)
    shown = message.purpose is not Purpose.BADGE
    android = AndroidConfig(
        priority="high" if message.urgent else "normal",
        ttl=min(message.lifetime, FCM_LONGEST_TTL),
        notification=_notification(message) if shown else None,
    )
    # The encoder asks for an address; a topic's is taken out again, and a device's put in by `addressed`.
    encoded = _ENCODER.default(FcmMessage(data=fcm_data(message), android=android, topic=_NOBODY))
    del encoded["topic"]
    return orjson.dumps(encoded)


def addressed(encoded: bytes, push: Push) -> bytes:
    """Return the body of the request that sends an encoded message to one device."""
    return b"%b%b,%b}" % (_KINDS[push.token_kind], orjson.dumps(push.token), encoded[1:])


def _notification(message: Message) -> AndroidNotification:
    return AndroidNotification(
        title=message.title,
        body=message.body,
        tag=str(message.slot),
        channel_id=message.group or None,
        notification_count=message.badge,
    )
