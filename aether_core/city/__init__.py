"""What a city is on the ground: outline, cells, backdrop."""
