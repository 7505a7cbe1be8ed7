"""The kinds of embedding a release has, and how each is brought to the samples of a task."""
