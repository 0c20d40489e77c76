"""Change events in: validate, authenticate, append to Kafka."""
