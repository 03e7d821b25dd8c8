"""What pages and screens are built from."""
