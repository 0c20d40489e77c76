"""APNs and FCM with a ledger, and a school day played as real SIS traffic."""
