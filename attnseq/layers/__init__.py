"""What models are made of: attention, recurrent cells, encodings, initial weights."""
