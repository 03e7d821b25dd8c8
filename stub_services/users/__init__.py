"""UserService: accounts, sessions and address books."""
