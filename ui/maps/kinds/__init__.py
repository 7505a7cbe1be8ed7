"""How each kind of task is looked at on its pages. One file each."""
