"""The faulty build: an asyncio server on `h2` that controls every frame (providers.md section 4)."""
