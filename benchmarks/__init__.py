"""Benchmarks: `./aether bench` runs `lines/`; the scripts beside it are run one by one."""
