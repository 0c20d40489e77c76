"""APNs: provider token, router."""
