"""The interface for Python code: `attnseq.fit`, `attnseq.load`, `attnseq.find`, and the runs that they return."""
