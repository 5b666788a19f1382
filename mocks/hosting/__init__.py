"""The reference integrations as programs of their own: HTTP, durable stores, event buses, and the process around."""
