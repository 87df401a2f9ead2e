"""Writing losses, metrics, times and speeds in few characters."""


def format_metric(value: float) -> str:
    """Write any number in at most ten characters: three or four decimals, or three digits and an exponent."""
    if value != 0 and not 1e-3 <= abs(value) < 1000:
        return f"{value:.2e}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.3f}"


def format_loss(loss: float) -> str:
    """Write a loss in at most ten characters: plain down to 0.001, then scientific with five digits."""
    return f"{loss:.6f}" if loss >= 1e-3 and round(loss, 6) < 1000 else f"{loss:.4e}"


def format_seconds(seconds: float) -> str:
    """Write a time span as `h:mm:ss`, or `m:ss` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_age(seconds: float) -> str:
    """Write how long ago something was, in its largest unit: `45 s`, `12 min`, `3 h`, `5 d`."""
    for size, unit, largest in ((1, "s", 60), (60, "min", 60), (3_600, "h", 24)):
        if round(seconds / size) < largest:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def format_speed(speed: float) -> str:
    """Write a speed whole below 10,000, else with three digits, in at most six characters: `917`, `24.1k`, `3.87M`."""
    if not speed >= 9_999.5:
        return f"{speed:,.0f}"
    rounded = float(f"{speed:.3g}")  # so that 999,600 is 1M, and not 1000k
    size, unit = next((size, unit) for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if rounded >= size)
    return f"{rounded / size:.3g}{unit}"
