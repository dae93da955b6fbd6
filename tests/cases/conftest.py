from tests.kit.office import office
from tests.kit.paper import desk, shop

__all__ = ["desk", "office", "shop"]
