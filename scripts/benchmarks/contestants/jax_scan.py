"""JAX written for speed: `lax.scan` over the steps of an epoch, the LSTM's time steps unrolled, optax.

A population is the same under `vmap`.

Shapes: P replicas, N samples, S steps, B batch, T positions, D digit values, H hidden units.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.contestants.job import BASE, MLP, POSITIONS, UNITS, Clock, Job, draw_samples

Parameters = dict[str, jax.Array]


def train(job: Job, clock: Clock) -> None:
    """Train the job's replicas; their first step comes as soon as the epoch is compiled."""
    digits_NxT, targets_N = map(jnp.asarray, draw_samples(job.samples))
    optimizer = optax.adam(1e-3)

    def start(key: jax.Array) -> tuple[Parameters, optax.OptState]:
        parameters = initial_parameters(job.model, key)
        return parameters, optimizer.init(parameters)

    def epoch(state: Any, key: jax.Array) -> tuple[Any, jax.Array]:
        order_SxB = jax.random.permutation(key, job.samples).reshape(-1, job.batch_size)
        state, loss_S = jax.lax.scan(step, state, order_SxB)
        return state, loss_S.mean()

    def step(state: Any, order_B: jax.Array) -> tuple[Any, jax.Array]:
        parameters, moments = state
        loss, gradient = jax.value_and_grad(loss_of)(parameters, digits_NxT[order_B], targets_N[order_B])
        updates, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(parameters, updates), moments), loss

    def loss_of(parameters: Parameters, digits_BxT: jax.Array, targets_B: jax.Array) -> jax.Array:
        return ((predict(job.model, parameters, digits_BxT) - targets_B) ** 2).mean()

    keys_P = jax.random.split(jax.random.key(0), job.replicas)
    if job.replicas == 1:
        key, state = keys_P[0], start(keys_P[0])
    else:
        key, state, epoch = keys_P, jax.vmap(start)(keys_P), jax.vmap(epoch)
    compiled = jax.jit(epoch).lower(state, key).compile()
    clock.stepped()
    while True:
        key = jax.vmap(_next)(key) if job.replicas > 1 else _next(key)
        state, loss = jax.block_until_ready(compiled(state, key))
        clock.epoch_ended()
        clock.check(float(loss.mean()))


def _next(key: jax.Array) -> jax.Array:
    return jax.random.split(key)[0]


def initial_parameters(model: str, key: jax.Array) -> Parameters:
    """Draw initial weights nearly as Keras does: uniform by Glorot, biases 0."""
    dense = {"attention": (POSITIONS, POSITIONS)}
    if model == MLP:
        dense |= {"hidden": (POSITIONS, POSITIONS), "output": (POSITIONS, 1)}
    else:
        dense |= {"kernel": (BASE, 4 * UNITS), "recurrent": (UNITS, 4 * UNITS), "output": (UNITS, 1)}
    keys = jax.random.split(key, len(dense))
    glorot = jax.nn.initializers.glorot_uniform()
    weights = {name: glorot(k, shape) for k, (name, shape) in zip(keys, dense.items(), strict=True)}
    biases = {f"{name}_bias": jnp.zeros(shape[1]) for name, shape in dense.items() if name != "recurrent"}
    return weights | biases


def predict(model: str, parameters: Parameters, digits_BxT: jax.Array) -> jax.Array:
    """Predict by the article's MLP or LSTM."""
    if model == MLP:
        inputs_BxT = digits_BxT.astype(jnp.float32) / BASE
        weighted_BxT = inputs_BxT * jax.nn.softmax(_dense(parameters, "attention", inputs_BxT))
        hidden = jax.nn.sigmoid(_dense(parameters, "hidden", weighted_BxT))
    else:
        inputs_BxTxD = jax.nn.one_hot(digits_BxT, BASE)
        scores_BxDxT = _dense(parameters, "attention", jnp.swapaxes(inputs_BxTxD, 1, 2))
        attention_BxT = jax.nn.softmax(scores_BxDxT).mean(1)
        hidden = _lstm(parameters, inputs_BxTxD * attention_BxT[..., None])
    return jax.nn.sigmoid(_dense(parameters, "output", hidden))[:, 0]


def _dense(parameters: Parameters, name: str, inputs: jax.Array) -> jax.Array:
    return inputs @ parameters[name] + parameters[f"{name}_bias"]


def _lstm(parameters: Parameters, inputs_BxTxD: jax.Array) -> jax.Array:
    """Compute the last hidden state_BxH of Keras 2's LSTM, with its hard sigmoid."""

    def gate(z: jax.Array) -> jax.Array:
        return jnp.clip(0.2 * z + 0.5, 0, 1)

    def cell(state: tuple[jax.Array, jax.Array], z: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        hidden, memory = state
        i, f, c, o = jnp.split(z + hidden @ parameters["recurrent"], 4, -1)
        memory = gate(f) * memory + gate(i) * jnp.tanh(c)
        return (gate(o) * jnp.tanh(memory), memory), None

    zeros_BxH = jnp.zeros((inputs_BxTxD.shape[0], UNITS))
    z_TxBx4H = jnp.swapaxes(_dense(parameters, "kernel", inputs_BxTxD), 0, 1)
    (hidden_BxH, _), _ = jax.lax.scan(cell, (zeros_BxH, zeros_BxH), z_TxBx4H, unroll=POSITIONS)
    return hidden_BxH
