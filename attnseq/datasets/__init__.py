"""Digits and targets as tensors: the task, its exact relevance, the tutorial's own stream."""
