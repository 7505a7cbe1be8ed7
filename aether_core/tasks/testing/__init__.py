"""How predictions are tested: folds, metrics, comparisons and their intervals."""
