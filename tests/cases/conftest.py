from tests.kit.office import office
from tests.kit.paper import desk

__all__ = ["desk", "office"]
