"""What lies above the pages."""
