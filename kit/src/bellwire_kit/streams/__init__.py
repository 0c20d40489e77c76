"""Kafka behind one protocol with three runtimes."""
