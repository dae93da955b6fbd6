"""Facts at an instant in, a cited decision out. Pure: no clock, no database, no network."""
