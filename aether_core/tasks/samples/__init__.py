"""The rows a predictor is fitted on, and what it sees of each."""
