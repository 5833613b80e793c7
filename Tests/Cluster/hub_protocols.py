"""The hub protocols as a JavaScript client reads and writes them: messages are dictionaries, as JSON has them."""

import json
from typing import Any

import msgpack

RECORD_SEPARATOR = "\x1e"


class JSON:
    name, transfer_format, content_type = "json", "Text", "text/plain;charset=UTF-8"

    def encode(self, message: dict) -> bytes:
        return (json.dumps(message) + RECORD_SEPARATOR).encode()

    def decode(self, data: bytes) -> list[dict]:
        text = data.decode()
        assert text.endswith(RECORD_SEPARATOR), "a hub message was split"
        messages = [json.loads(part) for part in text.split(RECORD_SEPARATOR)[:-1]]
        for message in messages:
            assert isinstance(message["type"], int)
            assert "invocationId" not in message or isinstance(message["invocationId"], str)
        return messages


class MessagePack:
    name, transfer_format, content_type = "messagepack", "Binary", "application/octet-stream"

    def encode(self, message: dict) -> bytes:
        match message["type"]:
            case 1 | 4:
                fields = [{}, message.get("invocationId"), message["target"], message["arguments"]]
                # Left out where there are none, as the JavaScript client does.
                fields += [message["streamIds"]] if message.get("streamIds") else []
            case 2:
                fields = [{}, message["invocationId"], message["item"]]
            case 3 if "error" in message:
                fields = [{}, message["invocationId"], 1, message["error"]]
            case 3 if "result" in message:
                fields = [{}, message["invocationId"], 3, message["result"]]
            case 3:
                fields = [{}, message["invocationId"], 2]
            case 5:
                fields = [{}, message["invocationId"]]
            case 6:
                fields = []
            case 7:
                fields = [None]
        body = msgpack.packb([message["type"], *fields])
        length, prefix = len(body), b""
        while length > 0x7F:
            prefix += bytes([length & 0x7F | 0x80])
            length >>= 7
        return prefix + bytes([length]) + body

    def decode(self, data: bytes) -> list[dict]:
        messages = []
        while data:
            length, size = 0, 0
            while True:
                assert size < 5, "a length prefix is too long"
                length |= (data[size] & 0x7F) << (7 * size)
                size += 1
                if not data[size - 1] & 0x80:
                    break
            assert len(data) >= size + length, "a hub message was split"
            messages.append(self._message(msgpack.unpackb(data[size : size + length])))
            data = data[size + length :]
        return messages

    def _message(self, fields: list) -> dict[str, Any]:
        kind, *rest = fields
        message: dict[str, Any] = {"type": kind}
        if kind in (1, 2, 3):
            assert isinstance(rest[0], dict), "the headers are no map"
        match kind:
            case 1:
                assert len(fields) >= 5
                message |= {"target": rest[2], "arguments": rest[3]}
                message |= {"invocationId": rest[1]} if rest[1] is not None else {}
            case 2:
                assert len(fields) >= 4
                message |= {"invocationId": rest[1], "item": rest[2]}
            case 3:
                assert len(fields) >= (4 if rest[2] == 2 else 5)
                value = {1: "error", 3: "result"}.get(rest[2])
                message |= {"invocationId": rest[1]} | ({value: rest[3]} if value else {})
            case 7:
                assert len(fields) >= 2
                message |= {"error": rest[0]} if rest[0] is not None else {}
        return message
