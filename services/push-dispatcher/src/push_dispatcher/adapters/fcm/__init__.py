"""FCM HTTP v1: OAuth, messages, router."""
