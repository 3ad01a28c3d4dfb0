"""Why it is so."""
