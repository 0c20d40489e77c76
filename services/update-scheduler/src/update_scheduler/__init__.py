"""The hosting update queue."""
