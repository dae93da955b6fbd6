"""Answers in Xiaohongshu's shapes, typed from the platform's fact sheet (API.md); every value is invented."""

from __future__ import annotations

from typing import Any

from gateway.model.store import App, AppSecret, Credential, Store, StoreMode

ORDER, RETURN, SELLER = "P123456789012345678", "R1234567890123456", "5a15example0000000seller"
LIST, DETAIL, RECEIVERS = "order.getOrderList", "order.getOrderDetail", "order.getOrderReceiverInfo"
MASK, OPEN = "data.batchDesensitise", "data.batchDecrypt"
RETURN_LIST, RETURN_DETAIL = "afterSale.listAfterSaleInfos", "afterSale.getAfterSaleInfo"
SEALED = {"receiverName": "#example-name#", "receiverPhone": "#example-tel#", "receiverAddress": "#Example-place#"}
MASKED = {"receiverName": "例**", "receiverPhone": "138****5550", "receiverAddress": "**路Example号**"}

APP = App(id="app-1", platform="xiaohongshu", key="test_app_id_0001", base_url="https://ark.invalid")
SECRET = AppSecret(sign_key="test_secret_0001")


def store(external_id: str = SELLER, mode: StoreMode = StoreMode.act) -> Store:
    """Return a shop."""
    return Store(
        id="shop-1",
        app="app-1",
        platform="xiaohongshu",
        external_id=external_id,
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
        mode=mode,
    )


CREDENTIAL = Credential(
    access_token="token-example-access", refresh_token="refresh-example", expires_at="2099-01-01T00:00:00Z"
)


def wrapped(data: Any) -> dict[str, Any]:
    """Return a success (section 1)."""
    return {"error_code": 0, "success": True, "data": data}


def sku_row(**changes: Any) -> dict[str, Any]:
    """Return one line of two cups at 10 yuan."""
    detail = {
        "skuId": "sku-cup-red",
        "erpCode": "CUP-R",
        "quantity": 2,
        "skuName": "Cup red",
        "pricePerSku": 1000,
        "paidAmountPerSku": 1000,
        "rawPricePerSku": 1200,
    }
    row = {
        "skuId": "sku-cup-red",
        "skuName": "Cup red",
        "erpcode": "CUP-R",
        "skuSpec": "red",
        "skuQuantity": 2,
        "itemId": "item-cup",
        "itemName": "Cup",
        "totalPaidAmount": 2000,
        "skuTag": 0,
        "skuAfterSaleStatus": 1,
        "skuDetailList": [detail],
    }
    return row | changes


def parcel_row(**changes: Any) -> dict[str, Any]:
    """Return the parcel of that order."""
    return {"deliveryOrderIndex": 1, "status": 4, "skuIdList": ["sku-cup-red"]} | changes


def order_row(**changes: Any) -> dict[str, Any]:
    """Return one paid order of one line and one parcel, with the zeros and empties of live answers."""
    row: dict[str, Any] = {
        "orderId": ORDER,
        "orderType": 1,
        "orderStatus": 4,
        "orderAfterSalesStatus": 1,
        "cancelStatus": 0,
        "createdTime": 1_773_000_000_000,
        "paidTime": 1_773_000_100_000,
        "updateTime": 1_773_000_500_250,
        "deliveryTime": 0,
        "cancelTime": 0,
        "finishTime": 0,
        "promiseLastDeliveryTime": 1_773_200_000_000,
        "presaleDeliveryStartTime": 0,
        "presaleDeliveryEndTime": 0,
        "receiverProvinceName": "Example Province",
        "receiverCityName": "Example City",
        "receiverDistrictName": "Example District",
        "customerRemark": "",
        "sellerRemark": "",
        "sellerRemarkFlag": 0,
        "logistics": "red_auto",
        "logisticsMode": 1,
        "orderTagList": [],
        "totalPayAmount": 2150,
        "totalShippingFree": 150,
        "paymentType": 2,
        "outTradeNo": "4300000000000000000000000001",
        "unpack": False,
        "userId": "buyer-900100",
        "openAddressId": "example-open-address-1",
        "skuList": [sku_row()],
        "simpleDeliveryOrderList": [parcel_row()],
    }
    return row | changes


def receiver_row(**changes: Any) -> dict[str, Any]:
    """Return the receiver of that order: ciphertext."""
    return {"orderId": ORDER, "matched": True, "receiverTownName": "Example Town", **SEALED} | changes


def masks(order_id: str = ORDER, **shown: str) -> dict[str, Any]:
    """Return the platform's masks of the ciphertexts."""
    words = {**MASKED, **shown}
    rows = [
        {"dataTag": order_id, "encryptedData": text, "desensitisedData": words[name], "errorCode": 0, "errorMsg": ""}
        for name, text in SEALED.items()
    ]
    return wrapped({"desensitiseInfoList": rows})


def opened(name: str, order_id: str = ORDER) -> dict[str, Any]:
    """Return the answer that opens the name."""
    row = {"dataTag": order_id, "encryptedData": SEALED["receiverName"], "decryptedData": name, "errorCode": 0}
    return wrapped({"dataInfoList": [row]})


def order_answers(row: dict[str, Any], name: str = "Example Person", masked_name: str | None = None) -> dict[str, Any]:
    """Return all that is asked for when one order is fetched, and its name is opened."""
    order_id = row.get("orderId", ORDER)
    return {
        DETAIL: wrapped(row),
        RECEIVERS: wrapped({"receiverInfos": [receiver_row(orderId=order_id)]}),
        MASK: masks(order_id, receiverName=f"{name[:1]}**" if masked_name is None else masked_name),
        OPEN: opened(name, order_id),
    }


def listed_return_row(**changes: Any) -> dict[str, Any]:
    """Return one after-sale as the list tells it: money back after shipping, to be reviewed."""
    row: dict[str, Any] = {
        "returnsId": RETURN,
        "returnType": 4,
        "reasonId": 121,
        "reasonNameZh": "未收到货",
        "status": 1,
        "userId": "buyer-900100",
        "orderId": ORDER,
        "applyTime": 1_773_000_000_000,
        "updatedAt": 1_773_000_500_000,
        "expireTime": 1_773_100_000_000,
        "desc": "",
        "returnsTag": 0,
        "expectedRefundAmountYuan": 12.34,
    }
    return row | changes


def return_row(**changes: Any) -> dict[str, Any]:
    """Return one after-sale whole."""
    sku = {"skuId": "sku-cup-red", "appliedCount": 1, "appliedTotalAmountYuan": 12.34, "price": 10}
    whole = {"skus": [sku], "refundAmountYuan": 0, "refundStatus": 201, "cargoStatus": 0, "closeReasonZh": ""}
    return listed_return_row(**whole) | changes


def return_answer(row: dict[str, Any], **parcels: Any) -> dict[str, Any]:
    """Return the answer of the detail call; ``parcels`` by the names of `logisticsInfo`."""
    empty = {"expressNo": "", "expressCompanyCode": "", "fillExpressNoTime": 0, "expressSignTime": 0}
    logistics = {"afterSale": empty, "exchange": empty, "order": empty} | parcels
    return wrapped({"afterSaleInfo": row, "logisticsInfo": logistics, "negotiateRecords": []})
