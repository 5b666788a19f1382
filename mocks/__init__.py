"""Who plays and what goes wrong: partners, faults and the reference integrations."""

if __name__ != "seatrial.mocks":  # from the checkout root Python can also see this folder as `mocks`
    raise ImportError("import seatrial.mocks, not mocks (first: pip install -e .)")
