"""The kinds of task: what is predicted, from what, and what it is judged by. One file each."""
