"""The deciding half's tables: states, decisions, due alerts, inbox, and what was told."""
