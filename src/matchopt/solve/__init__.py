"""Arrays in, arrays out: flows, prices, proofs. Knows no donor and no table."""
