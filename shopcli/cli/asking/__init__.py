"""Asking the person at the terminal: lines, secrets, pickers with search, numbered lists."""
