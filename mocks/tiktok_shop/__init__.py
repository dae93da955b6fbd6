"""The simulator of TikTok Shop's Open API (seller side: orders, cancellations, returns, parcels, chat, webhooks)."""
