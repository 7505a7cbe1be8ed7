"""The two heads: their layers, their weights, and applying them."""
