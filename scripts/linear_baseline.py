"""What a linear model makes of a dataset: least squares with a ridge, beside which docs/own_data.md sets its figures.

    python scripts/linear_baseline.py experiment=sunspots [dataset.window=11 ...]

Inputs are as the models get them, all positions side by side, 0 behind the end of a sequence. Classes are learnt as
1 and -1, as by scikit-learn's RidgeClassifier. The penalty is the one that does best on the validation samples.

Shapes: N samples, I inputs, O outputs.
"""

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import errors_in_one_line, register
from attnseq.commandline.composition import compose_config
from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Classes, Spec, Tokens
from attnseq.contracts.task import Task
from attnseq.core.keys import ConfigError
from attnseq.layers.encoding import one_hot
from attnseq.metrics import METRICS

PENALTIES = tuple(10.0**power for power in range(-4, 6))

Array = npt.NDArray[np.float64]


def inputs_of(samples: Batch, spec: Spec) -> Array:
    """Lay samples out as rows of numbers, inputs_NxI."""
    rows: Array = one_hot(samples, spec.inputs, torch.float64).flatten(1).numpy()
    return rows


def outputs_of(samples: Batch, spec: Spec) -> Array:
    """Lay answers out as rows, outputs_NxO: the number itself, or 1 for the right class and -1 for the others."""
    answers_N: Array = samples.answers.numpy()
    if isinstance(spec.target, Classes):
        return 2.0 * np.eye(spec.target.number)[answers_N] - 1
    return answers_N[:, None]


def ridge(inputs_NxI: Array, outputs_NxO: Array, penalty: float) -> tuple[Array, Array]:
    """Fit weights_IxO and biases_O by least squares, with a penalty on the squares of the weights alone."""
    middle_I, mean_O = inputs_NxI.mean(axis=0), outputs_NxO.mean(axis=0)
    centred_NxI = inputs_NxI - middle_I
    squares_IxI = centred_NxI.T @ centred_NxI + penalty * np.eye(len(middle_I))
    weights_IxO = np.linalg.solve(squares_IxI, centred_NxI.T @ (outputs_NxO - mean_O))
    return weights_IxO, mean_O - middle_I @ weights_IxO


def measured(task: Task) -> tuple[float, dict[str, float]]:
    """Choose the penalty, and measure the test samples.

    Args:
        task: whose answer is a number or a class.

    Returns:
        The penalty, and the usual metrics by name.

    Raises:
        ConfigError: the answers are sequences.
    """
    spec, splits = task.spec, task.splits()
    if isinstance(spec.target, Tokens):
        raise ConfigError("a linear baseline is of numbers and classes, not of answers that are sequences")
    train, validation, test = ((inputs_of(split, spec), outputs_of(split, spec)) for split in splits)

    def error(penalty: float) -> float:
        weights_IxO, biases_O = ridge(*train, penalty)
        return float(np.mean((validation[0] @ weights_IxO + biases_O - validation[1]) ** 2))

    penalty = min(PENALTIES, key=error)
    weights_IxO, biases_O = ridge(*train, penalty)
    predicted = torch.from_numpy(test[0] @ weights_IxO + biases_O)
    output = Output(predicted if isinstance(spec.target, Classes) else predicted.squeeze(-1))
    metrics = {name: METRICS[name](spec.target) for name in METRICS.names() if METRICS[name].is_usual(spec.target)}
    means = {name: float(metric(output, splits.test).mean()) for name, metric in metrics.items()}
    return penalty, {name: metrics[name].summary(mean, splits.test) for name, mean in means.items()}


def main(arguments: Sequence[str]) -> None:
    """Print a line with what was measured."""
    with errors_in_one_line():
        register()
        penalty, found = measured(checked(compose_config(arguments)).dataset.task)
        print(", ".join(f"{name}/test {value:.4g}" for name, value in found.items()) + f" (penalty {penalty:g})")


if __name__ == "__main__":
    main(sys.argv[1:])
