"""Order Gateway: every store's orders in one place, ended by the cheapest path the platform's rules allow."""
