"""Alerts out to devices through APNs and FCM."""
