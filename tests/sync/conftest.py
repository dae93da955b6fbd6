from tests.kit.paper import desk

__all__ = ["desk"]
