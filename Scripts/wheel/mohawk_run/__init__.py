"""The command mohawk-run, which needs neither torch nor anything else."""
__version__ = "@VERSION@"
