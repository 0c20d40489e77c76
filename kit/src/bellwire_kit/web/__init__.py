"""HTTP: the aiohttp application every service starts from, problem+json, health, OpenAPI, limits."""
