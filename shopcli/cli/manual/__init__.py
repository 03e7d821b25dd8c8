"""The documentation that the commands make of themselves: docs/commands/ and the man page."""
