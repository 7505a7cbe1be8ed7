"""Points of interest: readers, taxonomy, cleaning, and the sentences that describe them."""
