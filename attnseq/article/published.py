"""Every number that the article prints (`tutorial.txt`, 2018-09-02), in the form in which it prints it.

Shapes: E epochs, T positions, M first samples.
"""

FIRST_TARGETS_M = (0.483, 0.587, 0.035, 0.009, 0.471, 0.312, 0.319, 0.652, 0.166, 0.746)

MLP_LOSS_E = ("0.0269", "0.0066", "0.0028", "0.0023", "0.0020", "0.0019", "0.0018", "0.0018", "0.0017", "0.0017")

LSTM_LOSS_E = (
    "0.0146", "1.3361e-04", "1.8170e-05", "1.0955e-05", "7.9359e-06",
    "6.3272e-06", "5.5028e-06", "4.9407e-06", "4.3552e-06", "3.9599e-06",
)  # fmt: skip

MLP_MEAN_ATTENTION_T = (
    6.8626799e-02, 4.4603109e-01, 1.3522616e-06, 3.4738071e-02, 7.8722491e-04,
    3.2603509e-08, 5.4183584e-03, 1.4031818e-02, 4.2847097e-01, 1.8743974e-03,
)  # fmt: skip

MLP_FIRST_PREDICTIONS_M = (
    0.50961006, 0.61784214, 0.08250739, 0.07742871, 0.4838765,
    0.28396246, 0.28179035, 0.66745037, 0.1289852, 0.7194878,
)  # fmt: skip

ATTENTION_REMARK = (
    "The article's text says that positions 2 and 6 (counted from 1) get the most weight. The vector that it prints, "
    "and ours, has its maxima at positions 2 and 9: the latter is a distractor."
)


def as_printed(loss: float) -> str:
    """Write a loss as Keras' progress bar prints it: four decimals, in scientific notation up to 1e-3."""
    return f"{loss:.4f}" if abs(loss) > 1e-3 else f"{loss:.4e}"
