"""Dead letters, looked at and sent back by an operator: `python -m bellwire_kit dlq`."""
