"""attnseq's launchers. Hydra finds them here, in its namespace package, which must have no __init__.py."""
