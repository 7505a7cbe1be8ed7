"""A question in words as criteria: their kinds, and the rules that read them. No model is asked."""
