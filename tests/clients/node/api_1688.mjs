// 1688-api, by its general call: authorise, refresh, pages and detail of what an account buys, a close, a refused one.
import { BaseAPI } from "1688-api";
import { given, tell } from "./harness.mjs";

const task = given();
const root = `${task.base_url}/openapi/param2/1`;
const trade = (name) => `${root}/com.alibaba.trade/alibaba.trade.${name}/`;
const app = { client_id: task.app_key, client_secret: task.app_secret };

const anyone = new BaseAPI(task.app_key, task.app_secret, "");
const token = async (params) =>
  (await anyone.sendRequest(`${root}/system.oauth2/getToken/`, { ...app, ...params }, "POST", false)).body;
const first = await token({
  grant_type: "authorization_code",
  need_refresh_token: "true",
  redirect_uri: "http://127.0.0.1/",
  code: task.auth_code,
});
const second = await token({ grant_type: "refresh_token", refresh_token: first.refresh_token });
const account = new BaseAPI(task.app_key, task.app_secret, second.access_token);

const pages = [];
for (;;) {
  const { body } = await account.sendRequest(trade("getBuyerOrderList"), {
    page: pages.length + 1,
    pageSize: task.page_size,
    createStartTime: task.created_from,
    createEndTime: task.created_to,
  });
  if (body.result.length === 0) break;
  pages.push(body.result.map((row) => row.baseInfo.idOfStr));
}

const view = await account.sendRequest(trade("get.buyerView"), { webSite: "1688", orderId: task.to_close });
const { baseInfo } = view.body.result;
const close = async (id) =>
  (await account.sendRequest(trade("cancel"), { webSite: "1688", tradeID: id, cancelReason: "other" })).body;
const closed = await close(task.to_close);
const refused = await close(task.to_refuse);

tell({
  member: first.memberId,
  renewed: second.access_token !== first.access_token,
  pages,
  detail: { id: baseInfo.idOfStr, status: baseInfo.status, total: baseInfo.totalAmount },
  written: closed.success,
  refused: refused.errorCode,
});
