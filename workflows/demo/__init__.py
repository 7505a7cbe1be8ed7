"""The demo city, simulated and real."""
