"""Bellwire's contracts: event types, topics, JSON Schema, AsyncAPI."""
