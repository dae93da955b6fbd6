"""The simulated Shopee Open Platform."""
