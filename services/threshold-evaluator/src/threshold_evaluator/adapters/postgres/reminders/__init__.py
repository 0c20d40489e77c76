"""What users were told of low lunch balances, for the timer."""
