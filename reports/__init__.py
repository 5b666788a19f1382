"""What a finished run means: measures, limits, verdict and the pages that tell it."""

if __name__ != "seatrial.reports":  # from the checkout root Python can also see this folder as `reports`
    raise ImportError("import seatrial.reports, not reports (first: pip install -e .)")
