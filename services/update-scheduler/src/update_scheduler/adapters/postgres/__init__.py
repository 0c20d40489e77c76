"""The queue in Postgres: named queries beside the classes that use them."""
