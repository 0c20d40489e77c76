"""What is generated from the contracts, checked against them, and applied to a broker."""
