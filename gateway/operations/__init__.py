"""What a user can do, one function a use case. They take a `Context`, return values, and print nothing."""
