"""What a run shows: TensorBoard events, history.csv, figures, the terminal."""
