"""What a user can do: one function a use case, shared by command line, API and console."""
