"""What maps a representation to classes or shares: linear probe and small network."""
