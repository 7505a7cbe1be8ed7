"""The kinds of task: what each predicts, and how sure it is."""
