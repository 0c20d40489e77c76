"""The fixtures of the local parts (a real broker, a real database) serve every package's tests."""

from importlib.util import find_spec

pytest_plugins = ["bellwire_local.pytest_plugin"] if find_spec("bellwire_local.pytest_plugin") else []
