"""parkops: provision, rehearse, run and prove an industrial-internet park from one plan."""

__version__ = "0.1.0"
