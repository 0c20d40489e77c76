"""Facts counted by school, and the brakes that too many of them pull."""
