"""A school day: a made-up district, its OneRoster bundle, its changes, and what is due on which phone."""
