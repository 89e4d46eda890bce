"""The only user of the database."""
