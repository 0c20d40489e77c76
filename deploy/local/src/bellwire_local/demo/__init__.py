"""The demo: a school day on the local stack, from the SIS's request to the lock screen, and its reckoning."""
