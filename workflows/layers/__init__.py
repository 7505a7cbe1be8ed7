"""Layers: kept, listed, compared, exported, drawn and styled."""
