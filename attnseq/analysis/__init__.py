"""Whether the attention of trained runs can be believed: runs analysed in populations, their table and pictures."""
