"""What AETHER adds on genuine areas: measured by a command, on all cores."""
