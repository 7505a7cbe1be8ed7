"""What AETHER adds to AlphaEarth, measured on areas with genuine figures."""
