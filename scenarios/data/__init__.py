"""Real orders and returns of a peak season; the attribution is in README.md of this folder."""
