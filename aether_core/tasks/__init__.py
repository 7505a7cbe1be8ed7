"""What is done with trained representations, and how it is judged."""
