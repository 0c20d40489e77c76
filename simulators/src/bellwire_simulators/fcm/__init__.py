"""A simulated Firebase Cloud Messaging HTTP v1 with its OAuth token endpoint (providers.md section 2)."""
