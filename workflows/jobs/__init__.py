"""Jobs: everything that takes more than a moment has one life, from the wish to its end.

`kind` says what differs from kind to kind, `kinds/` holds the kinds, `registry` finds one by name.
`job` is what pages and commands call: start, show, list, follow, cancel, resume, remove. `queue`
and `worker` carry jobs to a process, and `work` is one job there. `inputs` keeps a job's files.
"""
