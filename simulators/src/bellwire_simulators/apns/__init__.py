"""A simulated Apple Push Notification service (providers.md section 1)."""
