"""Asking the running gateway: what a second process wants written, the first one does, over a socket in the folder.

`use_cases` lists what may be asked, `wire` is what is said, `door` answers in the running gateway, `asking` decides
whether a command asks there or does the thing itself.
"""
