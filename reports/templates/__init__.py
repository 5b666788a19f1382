"""The page as it is printed: its parts and its style."""
