"""The limit: only the matrix products of a step, at their own shapes, on the cores that a population would have.

PyTorch's batched product takes many of one shape in a call, with one thread a core, so that no call's overhead counts.
The operands of a call fit into a core's cache. Whatever else a step does (softmax, gates, Adam, gathering its batch) is
left out.

Shapes: B batch, T positions, D digit values, H hidden units.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.contestants.job import BASE, MLP, POSITIONS, UNITS, Clock, Job
from benchmarks.output import cores

CACHE = 1 << 19  # bytes of operands that one call works on: less than a core's second cache

Product = tuple[int, int, int]
"""(rows, inner, columns)."""


def dense(rows: int, inputs: int, outputs: int, from_data: bool = False) -> list[Product]:
    """List the products of a dense layer in a step: output, weight's gradient, and input's unless that is data."""
    forward, weight, data = (rows, inputs, outputs), (inputs, rows, outputs), (rows, outputs, inputs)
    return [forward, weight] if from_data else [forward, weight, data]


def products_of(model: str, batch_size: int) -> list[Product]:
    """List all products of one replica's step."""
    if model == MLP:
        layers = dense(batch_size, POSITIONS, POSITIONS, from_data=True), dense(batch_size, POSITIONS, POSITIONS)
        return [*layers[0], *layers[1], *dense(batch_size, POSITIONS, 1)]
    times = POSITIONS - 1  # the first hidden state is 0
    attention = dense(batch_size * BASE, POSITIONS, POSITIONS, from_data=True)
    kernel = dense(batch_size * POSITIONS, BASE, 4 * UNITS)
    recurrent = [(batch_size, UNITS, 4 * UNITS), (batch_size, 4 * UNITS, UNITS)] * times
    gradient = [(UNITS, batch_size * times, 4 * UNITS)]
    return [*attention, *kernel, *recurrent, *gradient, *dense(batch_size, UNITS, 1)]


def train(job: Job, clock: Clock) -> None:
    """Take the products of as many steps as the job has; nothing is learnt."""
    torch.set_num_threads(1)
    workers = min(job.replicas, cores())
    shares = [job.replicas // workers + (index < job.replicas % workers) for index in range(workers)]
    steps = job.samples // job.batch_size
    products = products_of(job.model, job.batch_size)
    calls = [prepare(products, steps * share) for share in shares]
    clock.stepped()
    with ThreadPoolExecutor(workers) as pool:  # a product does not hold Python's lock
        while True:
            list(pool.map(take, calls))
            clock.epoch_ended()
            clock.check(None)


class Calls(NamedTuple):
    """Equal calls of the batched product."""

    count: int
    left: Tensor
    right: Tensor
    out: Tensor


def prepare(products: Sequence[Product], steps: int) -> list[Calls]:
    """Prepare the calls for the products of so many steps of one replica, or of one step of so many replicas."""
    calls = []
    for product in set(products):
        rows, inner, columns = product
        count = steps * products.count(product)
        together = min(count, max(1, CACHE // (4 * (rows * inner + inner * columns + rows * columns))))
        left, right = torch.rand(together, rows, inner), torch.rand(together, inner, columns)
        calls.append(Calls(-(-count // together), left, right, torch.empty(together, rows, columns)))
    return calls


def take(calls: Sequence[Calls]) -> None:
    """Take all products."""
    for count, left, right, out in calls:
        for _ in range(count):
            torch.bmm(left, right, out=out)
