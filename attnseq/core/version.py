"""The version of attnseq, in a module of its own.

Where Python is started in the folder that holds a checkout called `attnseq`, that folder is taken for a package without
an `__init__.py` and hides the installed one: modules are found all the same, what `attnseq/__init__.py` defines is not.
"""

__version__ = "0.1.0"
