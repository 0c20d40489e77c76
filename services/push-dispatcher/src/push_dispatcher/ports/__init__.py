"""What the handlers need from outside: a database and providers."""
