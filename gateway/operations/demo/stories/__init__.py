"""The demo's stories: orders that are brought to their end, each in its own way, all on one clock.

`pace` moves the clock when every story waits, `scene` is what a story is told with, `calls` and `xiaohongshu` are the
stories, `playing` plays them all.
"""
