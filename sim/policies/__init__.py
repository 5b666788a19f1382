"""What differs between vendors, as data: idempotency, rate limits, webhooks, reads and auth."""
