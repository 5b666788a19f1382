"""What should happen, as data: schema, loader, builder and the library of scenarios."""

if __name__ != "seatrial.scenarios":  # from the checkout root Python can also see this folder as `scenarios`
    raise ImportError("import seatrial.scenarios, not scenarios (first: pip install -e .)")
