"""`shop shell`: its lines, its history, its prompt."""
