"""Data on stdout, talk on stderr: as tables, tab-separated values or JSON, through a pager, in colour."""
