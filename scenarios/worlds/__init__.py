"""Complete sets of partners a scenario can be played in."""
