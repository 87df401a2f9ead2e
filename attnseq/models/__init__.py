"""Models, one file each, and beside it the keys that choose it."""
