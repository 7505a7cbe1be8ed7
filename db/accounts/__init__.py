"""Rows of accounts."""
