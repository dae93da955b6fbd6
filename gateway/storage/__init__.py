"""Schema, migrations, encryption at rest and the few statements that differ between databases."""
