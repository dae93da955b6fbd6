"""The Xiaohongshu (ARK) simulator."""
