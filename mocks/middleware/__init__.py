"""The parts that reference integrations are assembled from."""
