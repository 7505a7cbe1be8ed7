"""Jobs and workers, and what each kind of job works on."""
