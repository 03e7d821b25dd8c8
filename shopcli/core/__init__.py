"""The use cases that every front end shares. Nothing in here knows a screen or a wire."""
