"""Background jobs. The run folder is the whole contract: a worker is fed nothing else."""
