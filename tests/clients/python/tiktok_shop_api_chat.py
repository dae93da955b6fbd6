"""tiktok-shop-api: a buyer's conversation is found, read and answered; a message without text is refused."""

from __future__ import annotations

import json

from harness import given, tell
from tiktok_shop_api import TikTokShop, TikTokShopError
from tiktok_shop_api.generated.models import SendMessageRequest, SendMessageRequestType

task = given()
shop = TikTokShop(
    task["app_key"], task["app_secret"], task["access_token"], task["shop_cipher"], base_url=task["base_url"]
)
service = shop.customer_service
conversation = service.get_conversations(page_size=10).data.conversations[0]


def send(content: dict[str, str]) -> str:
    """Send one text message to the buyer; its id."""
    body = SendMessageRequest(type_=SendMessageRequestType.TEXT, content=json.dumps(content))
    return service.send_message(conversation.id, body=body).data.message_id


sent = send({"content": task["answer"]})
refused = None
try:
    send({})
except TikTokShopError as error:
    refused = error.code
messages = service.get_conversation_messages(conversation.id, page_size=10).data.messages

tell(
    messages=[json.loads(one.content).get("content") for one in messages],
    sent=sent in [one.id for one in messages],
    refused=refused,
)
