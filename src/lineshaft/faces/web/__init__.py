"""Pages made from the registry; so far the report of one run."""
