"""What a store has spent, what is at stake and where each line stands: closes, points, rates, appeals."""
