"""Everything that can go wrong, one file for each fault."""
