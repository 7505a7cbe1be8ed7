"""The map: ground, cells, shapes, colours, legend."""
