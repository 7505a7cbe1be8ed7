"""Saved layers: what they show, how far to trust them, taking them away."""
