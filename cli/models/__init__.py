"""Commands of models: training, recipes, files, and heads on plain arrays."""
