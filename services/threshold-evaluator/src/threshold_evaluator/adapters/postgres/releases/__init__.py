"""What the release loop takes, and what it writes of rows that stand already."""
