"""Measures behind the figures of `docs/`, on simulated cities whose truth is known."""
