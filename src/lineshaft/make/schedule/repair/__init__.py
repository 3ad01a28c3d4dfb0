"""A plan in force, changed by hand or by what happened."""
