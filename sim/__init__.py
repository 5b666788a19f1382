"""The ground: time, chance, messages, policies, evidence, the shapes of all extensions, and the ways to run a world."""

if __name__ != "seatrial.sim":  # from the checkout root Python can also see this folder as `sim`
    raise ImportError("import seatrial.sim, not sim (first: pip install -e .)")
