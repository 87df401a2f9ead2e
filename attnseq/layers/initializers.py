"""Initial weights as Keras 2 makes them: Glorot uniform, orthogonal, and a bias of one on the forget gate.

Kernels have Keras' layout, (inputs, outputs).

Shape suffixes: H hidden units, G = 4 H gate inputs in the order i, f, c, o.
"""

import math

import numpy as np
import numpy.typing as npt


def glorot_uniform(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw a kernel uniform in [-L, L) with L = sqrt(6 / (inputs + outputs)).

    Args:
        shape: (inputs, outputs).
        rng: where the numbers come from.
    Returns:
        float32 of that shape.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    return scale_uniform(rng.random(shape, dtype=np.float32))


def orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw a kernel with orthonormal rows (or columns, where it has more rows than columns).

    Args:
        shape: (inputs, outputs).
        rng: where the normal matrix comes from.
    Returns:
        float32 of that shape, gain 1.

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning ...", 2014, as in Keras 2.
    """
    return orthogonal_from_normal(rng.standard_normal(shape, dtype=np.float64))


def orthogonal_from_normal(normal: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Decompose a matrix by singular values, and return the factor that has the matrix' own shape.

    Args:
        normal: standard normal, shape (inputs, outputs).
    Returns:
        float32 of the same shape: left factor U where there are at least as many rows as columns, else right factor V;
        the decomposition is thin.

    Source: `keras.initializers.Orthogonal` of Keras 2.2, whose decomposition is NumPy's, in float64.
    """
    left, _, right = np.linalg.svd(np.asarray(normal, dtype=np.float64), full_matrices=False)
    factor = left if left.shape == normal.shape else right
    return factor.astype(np.float32)


def lstm_bias(hidden_size: int) -> npt.NDArray[np.float32]:
    """Make the bias of an LSTM: one on the forget gate, zero elsewhere.

    Args:
        hidden_size: H.
    Returns:
        float32 of shape G, gates in the order i, f, c, o.

    Source: Jozefowicz, Zaremba, Sutskever, "An empirical exploration of recurrent network architectures", 2015.
    """
    bias_G = np.zeros(4 * hidden_size, dtype=np.float32)
    bias_G[hidden_size : 2 * hidden_size] = 1.0
    return bias_G


def scale_uniform(uniform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn numbers uniform in [0, 1), of the shape (inputs, outputs), into a Glorot-uniform kernel."""
    inputs, outputs = uniform.shape
    # round twice in float32, as TensorFlow does: u * 2L, then - L
    limit = np.float32(math.sqrt(6.0 / (inputs + outputs)))
    return uniform * (np.float32(2.0) * limit) - limit
