"""Papers for people and platforms, made by the gateway: what a page holds, as HTML and as PDF, in three languages."""
