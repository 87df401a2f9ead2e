"""Who is measured, a module each: `train(job, clock, **settings)` trains, and tells the clock of it.

Each is imported in a process of its own, as some in another environment, see `contestants.process`.
"""
