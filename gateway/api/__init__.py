"""HTTP in: pushes of the platforms, callbacks of authorisations, and whether the gateway is well."""
