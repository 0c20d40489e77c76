"""The HTTP API of devices and of delivery statistics, one module a resource (product.md sections 5 and 6)."""
