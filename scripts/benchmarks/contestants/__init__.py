"""Contestants, a module each: `train(job, clock, **settings)` trains, and tells the clock how far it is.

Each is imported in a process of its own, some in another environment, see `contestants.process`.
"""
