"""What the cells of a table say: their letters, their rows, their numbers, their places."""
