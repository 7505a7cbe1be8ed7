"""Public servers on this machine, real ones, that can misbehave."""
