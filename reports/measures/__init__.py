"""What a run is judged by, one file for each measure."""
