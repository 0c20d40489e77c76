"""The pages: server-rendered, usable without JavaScript, live with it (product.md section 7)."""
