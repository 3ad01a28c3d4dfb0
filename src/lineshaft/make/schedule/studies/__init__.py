"""Questions about a plan beside making one: how sure it is, how sound its data, what came of it, what would better it."""
