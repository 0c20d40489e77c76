"""The local stack: embedded Kafka and Postgres, identity, mail, and the supervisor."""
