"""Keras 3 as people write it: the article's layers, `compile` and `fit`, on TensorFlow or on JAX."""

import os
from typing import Any

from benchmarks.contestants.job import BASE, MLP, POSITIONS, UNITS, Clock, Job, draw_samples, encode


def train(job: Job, clock: Clock, backend: str) -> None:
    """Train one model.

    Args:
        job: what to train.
        clock: is told of steps and epochs.
        backend: "tensorflow" or "jax".
    """
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}  # the first import reads them
    import keras

    digits_NxT, targets_N = draw_samples(job.samples)
    inputs = encode(job.model, digits_NxT)
    model = build(keras, job.model)
    model.compile(loss="mse", optimizer="adam")
    few = 2 * job.batch_size
    model.fit(inputs[:few], targets_N[:few], batch_size=job.batch_size, verbose=0)
    clock.stepped()
    while True:
        history = model.fit(inputs, targets_N, batch_size=job.batch_size, verbose=0)
        clock.epoch_ended()
        clock.check(history.history["loss"][-1])


def build(keras: Any, name: str) -> Any:
    """Build the article's MLP or LSTM, with Keras 2's hard sigmoid, whose slope is 1/5."""
    layers = keras.layers
    if name == MLP:
        inputs = keras.Input((POSITIONS,))
        attention = layers.Dense(POSITIONS, activation="softmax")(inputs)
        hidden = layers.Dense(POSITIONS, activation="sigmoid")(layers.Multiply()([inputs, attention]))
    else:
        inputs = keras.Input((POSITIONS, BASE))
        attention = layers.Dense(POSITIONS, activation="softmax")(layers.Permute((2, 1))(inputs))
        attention = layers.Permute((2, 1))(layers.RepeatVector(BASE)(keras.ops.mean(attention, axis=1)))
        gate = _hard_sigmoid(keras)
        hidden = layers.LSTM(UNITS, recurrent_activation=gate)(layers.Multiply()([inputs, attention]))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))


def _hard_sigmoid(keras: Any) -> Any:
    return lambda z: keras.ops.clip(0.2 * z + 0.5, 0, 1)
