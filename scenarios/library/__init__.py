"""The scenarios that ship with Seatrial, one YAML file each."""
