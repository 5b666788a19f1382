"""The shapes a verdict is told in, one file for each format."""
