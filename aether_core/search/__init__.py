"""Scoring of cells and places for a query."""
