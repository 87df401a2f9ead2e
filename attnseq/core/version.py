"""The version of attnseq, in a module of its own.

Started in the parent folder of a checkout called `attnseq`, Python takes the checkout for a package without an
`__init__.py`, which hides the installed one. It still finds modules, but not what `attnseq/__init__.py` defines.
"""

__version__ = "0.1.0"
