"""Models, one file each, with the keys of its config in a file beside it."""
