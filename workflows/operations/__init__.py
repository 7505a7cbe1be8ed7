"""What an operator does with a whole home: back it up, restore it, ask what is wrong with it."""
