// tiktok-shop-sdk: authorise, refresh, shops, pages, detail, a cancellation, a refused one, cancellations, a webhook.
import { createRequire } from "node:module";
import { given, redirect, tell } from "./harness.mjs";

const { TikTokShopSDK } = createRequire(import.meta.url)("tiktok-shop-sdk");
const task = given();
redirect(["https://open-api.tiktokglobalshop.com", "https://auth.tiktok-shops.com"], task.base_url);

const sdk = new TikTokShopSDK({ appKey: task.app_key, appSecret: task.app_secret });
const first = (await sdk.auth.getAccessToken({ auth_code: task.auth_code, grant_type: "authorized_code" })).data;
const second = (
  await sdk.auth.refreshAccessToken({ refresh_token: first.refresh_token, grant_type: "refresh_token" })
).data;
sdk.setAccessToken(second.access_token);
const shops = (await sdk.shop.getAuthorizedShops()).data.shops.map((shop) => shop.id);
sdk.setShopCipher(task.shop_cipher);

const pages = [];
let token;
for (;;) {
  const { data } = await sdk.order.getOrderList({
    query: { page_size: task.page_size, ...(token && { page_token: token }) },
    body: { create_time_ge: task.time_from, create_time_lt: task.time_to },
  });
  pages.push((data.orders ?? []).map((order) => order.id));
  token = data.next_page_token;
  if (!token) break;
}

const { orders } = (await sdk.order.getOrderDetail({ ids: [task.to_cancel, task.to_refuse] })).data;
const order = orders.find((one) => one.id === task.to_cancel);
const reason = "seller_cancel_reason_out_of_stock";
const cancelled = await sdk.return_refund.cancelOrder({ order_id: task.to_cancel, cancel_reason: reason });
let refused = null;
try {
  await sdk.return_refund.cancelOrder({ order_id: task.to_refuse, cancel_reason: reason });
} catch (error) {
  refused = error.code;
}
await sdk.event.updateShopWebhook({ address: task.webhook, event_type: "ORDER_STATUS_CHANGE" });
const webhooks = (await sdk.event.getShopWebhooks()).data.webhooks.map((hook) => hook.address);

tell({
  renewed: second.access_token !== first.access_token,
  shops,
  pages,
  details: orders.map((one) => one.id).sort(),
  detail: {
    id: order.id,
    status: order.status,
    total: order.payment.total_amount,
    units: order.line_items.length,
  },
  written: cancelled.data.cancel_status,
  refused,
  webhooks,
});
