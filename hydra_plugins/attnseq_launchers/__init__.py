"""attnseq's launchers; Hydra finds them here, in its own namespace, for which there must be no __init__.py above."""
