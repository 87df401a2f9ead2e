"""Users' own files: their columns, the sequences that rows make, how these are dealt to splits and scaled.

An error is one line that names file, row and column.
"""
