"""What all simulators share: clock, faults, journal, pushes, control API, and starting them."""
