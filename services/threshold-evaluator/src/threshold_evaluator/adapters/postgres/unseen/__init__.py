"""Counting again what users have not seen, when items or students are gone."""
