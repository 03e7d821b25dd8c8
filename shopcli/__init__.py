"""What a person uses: the front ends and the use cases they share."""

# A constant, because importlib.metadata costs 4.8 times a bare Python start. tests/cli/test_help.py holds it
# against the installed package.
__version__ = "0.1.0"
