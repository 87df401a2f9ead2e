"""What the parts promise each other. The trainer knows these types, and no task, model, objective or metric by name.

The letters of shapes, in the whole house; one letter has one meaning. A tensor's name ends with those of its axes:

    P replicas       B batch          T positions        K answer positions   D vocabulary
    F features       H hidden units   M heads            N samples            E epochs
    W weights (parameters of one replica)                S steps a call       C calls
"""
