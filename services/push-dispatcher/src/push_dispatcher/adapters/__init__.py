"""The outside behind ports: one package a provider, one for the database."""
