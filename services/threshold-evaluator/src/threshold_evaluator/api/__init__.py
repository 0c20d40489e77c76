"""The HTTP API of families and district administrators, one module a resource (product.md section 5)."""
