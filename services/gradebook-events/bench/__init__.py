"""Bench of the door beside a bare aiohttp handler."""
