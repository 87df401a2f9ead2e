"""The published article: its numbers, its run trained again, and a verdict on each number."""

from attnseq.article import tutorial as tutorial
