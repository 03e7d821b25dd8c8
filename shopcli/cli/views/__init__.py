"""What each kind of thing looks like: one module a noun, so that a command makes only the classes it shows."""
