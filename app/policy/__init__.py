"""The written policy as data."""
