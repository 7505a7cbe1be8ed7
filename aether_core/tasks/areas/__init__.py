"""Areas with shares of people: read from files, and their means over cells and pixels."""
