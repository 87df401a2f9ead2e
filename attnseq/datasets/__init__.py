"""What is to be learnt, a file each: a choice of `dataset=` is a task and the source of its samples."""
