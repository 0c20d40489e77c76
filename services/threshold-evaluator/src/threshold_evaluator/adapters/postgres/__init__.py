"""Postgres behind the ports of the evaluator."""
