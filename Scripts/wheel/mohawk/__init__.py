"""The command mohawk, which runs on the libtorch of the package torch."""
__version__ = "@VERSION@"
