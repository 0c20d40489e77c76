"""What the portal reads, every query bound to the caller's district, environment and students."""
