"""Sweeps: runs that share a program are trained together, as one population."""
