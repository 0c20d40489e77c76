"""OneRoster 1.2 CSV: what a package may hold, and which of our events its rows become."""
