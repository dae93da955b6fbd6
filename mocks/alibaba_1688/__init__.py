"""A stateful simulator of the 1688 open platform."""
