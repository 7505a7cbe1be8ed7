"""The model: heads, losses, recipes, training, retrieval and model folders."""
