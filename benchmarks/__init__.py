"""Speed and memory of matchopt, measured against peers in one run."""
