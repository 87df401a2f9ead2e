"""The published article: its numbers, its run trained again, and a verdict on each number."""
