"""From tables to arrays."""
