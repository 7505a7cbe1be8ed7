"""Models as files: card and weights, ours and others'."""
