"""FCM messages, encoded by firebase-admin's own encoder."""

import orjson
from firebase_admin._messaging_encoder import Message, MessageEncoder
from firebase_admin.messaging import AndroidConfig, AndroidNotification

from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.payload import FCM_LONGEST_TTL, Push, fcm_data, fcm_fitted

_ENCODER = MessageEncoder()


def fcm_body(push: Push) -> bytes:
    """Return the request's JSON: a shown notification with its tag, or data only for a badge.

    No collapse key: FCM keeps four per device, and our own queue supersedes before sending.
    """
    push = fcm_fitted(push)
    shown = push.purpose is not Purpose.BADGE
    android = AndroidConfig(
        priority="high" if push.urgent else "normal",
        ttl=min(push.lifetime, FCM_LONGEST_TTL),
        notification=_notification(push) if shown else None,
    )
    message = Message(data=fcm_data(push), android=android)
    # Set here because the constructor warns about `token`, which most phones have registered still.
    setattr(message, push.token_kind, str(push.token))
    encoded = _ENCODER.default(message)
    return orjson.dumps({"message": encoded})


def _notification(push: Push) -> AndroidNotification:
    return AndroidNotification(
        title=push.title,
        body=push.body,
        tag=str(push.slot),
        channel_id=push.group or None,
        notification_count=push.badge,
    )
