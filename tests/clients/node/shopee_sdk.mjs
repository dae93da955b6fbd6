// @congminh1254/shopee-sdk: authorise, refresh, pages, detail, a cancellation, a refused one, and a renewal by itself.
import { ShopeeSDK } from "@congminh1254/shopee-sdk";
import { given, tell } from "./harness.mjs";

const task = given();
const sdk = new ShopeeSDK({
  partner_id: task.partner_id,
  partner_key: task.partner_key,
  shop_id: task.shop_id,
  base_url: `${task.base_url}/api/v2`,
});
const first = await sdk.authenticateWithCode(task.auth_code, task.shop_id);
const second = await sdk.refreshToken(task.shop_id);

const pages = [];
let cursor = "";
for (;;) {
  const { response } = await sdk.order.getOrderList({
    time_range_field: "create_time",
    time_from: task.time_from,
    time_to: task.time_to,
    page_size: task.page_size,
    cursor,
  });
  pages.push(response.order_list.map((row) => row.order_sn));
  if (!response.more) break;
  cursor = response.next_cursor;
}

const detail = await sdk.order.getOrderDetail({
  order_sn_list: [task.to_cancel],
  response_optional_fields: "item_list,total_amount",
});
const [order] = detail.response.order_list;
const items = order.item_list.map(({ item_id, model_id }) => ({ item_id, model_id }));
const cancelled = await sdk.order.cancelOrder({
  order_sn: task.to_cancel,
  cancel_reason: "OUT_OF_STOCK",
  item_list: items,
});
let refused = null;
try {
  await sdk.order.cancelOrder({ order_sn: task.to_refuse, cancel_reason: "CUSTOMER_REQUEST" });
} catch (error) {
  refused = { status: error.status, error: error.data?.error };
}

// An access token that stopped working: the library refreshes and repeats the call by itself.
await sdk.tokenStorage.store({ ...(await sdk.getAuthToken()), access_token: "0".repeat(32) });
const again = await sdk.order.getOrderDetail({ order_sn_list: [task.to_cancel] });

tell({
  renewed: second.access_token !== first.access_token,
  pages,
  detail: { id: order.order_sn, status: order.order_status, total: order.total_amount, created: order.create_time },
  written: cancelled.error,
  refused,
  after_renewal: again.response.order_list[0].order_status,
});
