"""Who computes what comes in pieces: this process, several of this machine, a cluster."""
