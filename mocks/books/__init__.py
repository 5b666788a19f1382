"""The ledgers partners keep: documents, stock and money, each with its own rules."""
