"""The timed scripts of the demo shop, written once."""

from typing import Any

from app.demo.setup import DemoAccess
from inbox.mongo.client import Mongo
from scheduler.scripts.configuring import ScriptConfiguring
from scheduler.scripts.view import ScriptBody

_DAY_HOURS = [{"from": "08:00", "to": "21:00"}]
_WINDOW = {"weekdays": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), _DAY_HOURS)}


def _after(n: int, unit: str, text: str, **content: Any) -> dict[str, Any]:
    return {"when": {"kind": "delay", "n": n, "unit": unit}, "content": {"text": text, **content}}


SCRIPTS: tuple[dict[str, Any], ...] = (
    {
        "name": "Nhắc khách chưa chốt đơn",
        "steps": [
            _after(
                30,
                "minute",
                "Dạ {{given_name, anh/chị}} ơi, mẫu mình hỏi bên em vẫn còn ạ. Mình cần em tư vấn "
                "thêm về size không ạ?",
            ),
            _after(
                3,
                "hour",
                "Em giữ giá ưu đãi cho mình đến tối nay nhé {{given_name, ạ}}.",
                buttons=[{"title": "Đặt hàng", "payload": "ORDER"}],
            ),
            {
                "when": {"kind": "clock", "days": 1, "at": "09:00"},
                "content": {"text": "Chào {{given_name, mình}}, shop vẫn giữ mẫu hôm qua ạ."},
            },
        ],
        "window": _WINDOW,
        "stops": {"on": ["customer_replies", "staff_replies"]},
        "repeat": True,
    },
    {
        "name": "Chăm sóc sau khi nhận hàng",
        "steps": [
            _after(
                2,
                "hour",
                "Dạ {{given_name, anh/chị}} nhận được hàng chưa ạ? Mình vừa ý thì cho shop xin "
                "một đánh giá nhé.",
            ),
            _after(3, "day", "Mình cần đổi size thì nhắn shop trong 7 ngày đầu giúp em ạ."),
        ],
        "window": _WINDOW,
        "outside": "hand_over",
    },
    {
        "name": "Chúc mừng sinh nhật",
        "steps": [
            {
                "when": {
                    "kind": "attribute",
                    "attribute": "birthday",
                    "days": 0,
                    "at": "08:30",
                    "yearly": True,
                },
                "content": {
                    "text": "Chúc mừng sinh nhật {{name, bạn}}! {{shop, Shop}} tặng mình mã giảm "
                    "10% trong hôm nay ạ."
                },
            }
        ],
    },
)


async def write_scripts(mongo: Mongo, configuring: ScriptConfiguring, access: DemoAccess) -> None:
    """Write them where the bot has never had a script: what somebody deleted stays away."""
    bot_id = access.bot_id
    if await mongo["scripts"].find_one({"bot_id": bot_id}, {"_id": 1}) is not None:
        return
    for one in SCRIPTS:
        body = ScriptBody.model_validate({**one, "enabled": True})
        await configuring.add(access.owner, bot_id, body)
