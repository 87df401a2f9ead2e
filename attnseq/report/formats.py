"""Writing losses, metrics, times and speeds in few characters."""


def format_metric(value: float) -> str:
    """Write any number in at most ten characters: three or four decimals, or three digits and an exponent."""
    if value != 0 and not 1e-3 <= abs(value) < 1000:
        return f"{value:.2e}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.3f}"


def format_loss(loss: float) -> str:
    """Write a loss in at most ten characters: plain down to 0.001, then scientific with five digits."""
    return f"{loss:.6f}" if 1e-3 <= loss < 1000 else f"{loss:.4e}"


def format_seconds(seconds: float) -> str:
    """Write a time span as `h:mm:ss`, or `m:ss` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_age(seconds: float) -> str:
    """Write how long ago something was, in its largest unit: `45 s`, `12 min`, `3 h`, `5 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def format_speed(speed: float) -> str:
    """Write a speed with at least three digits in at most six characters: `917`, `24.1k`, `3.87M`."""
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if speed >= size:
            return f"{speed / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{speed:,.0f}"
