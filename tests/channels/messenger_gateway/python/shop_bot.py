"""A small shop on Messenger, written for Flask and python-facebook-api and for nothing else."""

import hashlib
import hmac
import json
import os
from typing import Any

from flask import Flask, request
from pyfacebook import FacebookError, GraphAPI

app = Flask(__name__)
page = GraphAPI(
    access_token=os.environ["MESSENGER_ACCESS_TOKEN"],  # noqa: TID251 - a program of its own
    base_url=os.environ["MESSENGER_ORIGIN"] + "/",  # noqa: TID251
    version="v23.0",
)
APP_SECRET = os.environ["MESSENGER_APP_SECRET"].encode()  # noqa: TID251
VERIFY_TOKEN = os.environ["MESSENGER_VERIFY_TOKEN"]  # noqa: TID251
PICTURE_URL = os.environ["PICTURE_URL"]  # noqa: TID251


def send(person: str, message: dict[str, Any]) -> None:
    page.post_object(
        object_id="me",
        connection="messages",
        data={
            "recipient": json.dumps({"id": person}),
            "messaging_type": "RESPONSE",
            "message": json.dumps(message),
        },
    )


def greet(person: str) -> None:
    profile = page.get_object(object_id=person, fields="first_name")
    replies = [{"content_type": "text", "title": "Xem áo", "payload": "CATALOG"}]
    text = f"Chào {profile['first_name']}, bạn cần gì ạ?"
    send(person, {"text": text, "quick_replies": replies})


def show_catalog(person: str) -> None:
    button = {"type": "postback", "title": "Mua ngay", "payload": "BUY_1"}
    card = {"title": "Áo khoác dạ", "image_url": PICTURE_URL, "buttons": [button]}
    payload = {"template_type": "generic", "elements": [card]}
    send(person, {"attachment": {"type": "template", "payload": payload}})


def buy(person: str) -> None:
    send(person, {"text": "Shop đã nhận đơn của bạn."})
    page.post_object(
        object_id="me",
        connection="pass_thread_control",
        data={"recipient": json.dumps({"id": person}), "target_app_id": "263902037430900"},
    )


def answer(event: dict[str, Any]) -> None:
    person, message = event["sender"]["id"], event.get("message") or {}
    payload = event.get("postback", {}).get("payload")
    if payload == "BUY_1":
        buy(person)
    elif payload == "GET_STARTED":
        greet(person)
    elif message.get("quick_reply", {}).get("payload") == "CATALOG":
        show_catalog(person)
    elif message.get("text") and not message.get("is_echo"):
        greet(person)


@app.get("/webhook")
def verify() -> tuple[str, int]:
    if request.args.get("hub.verify_token") != VERIFY_TOKEN:
        return "Forbidden", 403
    return request.args["hub.challenge"], 200


@app.post("/webhook")
def webhook() -> tuple[str, int]:
    expected = "sha256=" + hmac.new(APP_SECRET, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Hub-Signature-256", "")):
        return "Forbidden", 403
    for entry in request.get_json()["entry"]:
        for event in entry.get("messaging", []):
            try:
                answer(event)
            except FacebookError as error:
                app.logger.warning("refused: %s", error)
    return "EVENT_RECEIVED", 200


if __name__ == "__main__":
    page.post_object(
        object_id="me",
        connection="messenger_profile",
        data={"get_started": json.dumps({"payload": "GET_STARTED"})},
    )
    app.run(port=int(os.environ["PORT"]))  # noqa: TID251
