"""The kinds of job, a file a subject; `workflows.jobs.registry` lists them."""
