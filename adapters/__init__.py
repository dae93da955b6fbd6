"""Platform adapters: each maps one platform onto the canonical model and nothing else."""
