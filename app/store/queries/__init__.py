"""What pages and the API read: plain functions, each a few indexed statements."""
