"""The page of each kind of task: its maps, and the form that makes one."""
