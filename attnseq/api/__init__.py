"""What Python code calls: `attnseq.fit`, `attnseq.load`, `attnseq.find`, and the runs that they return."""
