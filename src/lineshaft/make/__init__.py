"""The make wing: engines that decide how things are made."""
