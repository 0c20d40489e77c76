"""Writes of the release loop: rows that stand already, so only what changed of them."""
