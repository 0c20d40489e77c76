"""The fixtures of the local parts (a real broker, a real database) serve every package's tests."""

pytest_plugins = ["bellwire_local.pytest_plugin"]
