"""The ten stories of the demo."""

from __future__ import annotations

from gateway.operations.demo.stories import calls, xiaohongshu
from gateway.operations.demo.stories.story import Story

TEN: tuple[Story, ...] = (*xiaohongshu.STORIES, *calls.STORIES)
"""In the order in which they are told; they are played all at once."""
