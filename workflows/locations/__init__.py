"""Where files lie: a folder of a disk, or a prefix of a bucket. Chosen by the address's scheme."""
