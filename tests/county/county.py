#!/usr/bin/env python3
"""A county's client with nothing of ours: grpcio over mutual TLS, the contracts by reflection, signatures by OpenSSL.

    county.py --address HOST:PORT --authority CA.pem --identity IDENTITY.pem --key IDENTITY.key COMMAND …

    issue --sender DEPARTMENT --issuer NAME --to NAME --number 文号 --title 标题 --key-id ID --signing-key SM2.pem
    watch --sender DEPARTMENT [--after POSITION] --until RECEIPT_TYPE
    pull --department DEPARTMENT [--after NUMBER] --town-key SM2.pem
    acknowledge NAME --type RECEIPT_TYPE [--reason WORDS]

Each prints one JSON value on standard output; exit 0 if it was done, else 1 with the reason on standard error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SM2_SIGNER_ID = "1234567812345678"
PAPERS = "townlink.gateway.v1.PaperService"
DISPATCHES = "townlink.gateway.v1.DispatchService"
DEADLINE_SECONDS = 60


class Town:
    """A channel to the town, which tells its own contracts."""

    def __init__(self, arguments):
        def content(path):
            with open(path, "rb") as file:
                return file.read()

        credentials = grpc.ssl_channel_credentials(
            content(arguments.authority), content(arguments.key), content(arguments.identity)
        )
        options = [("grpc.ssl_target_name_override", arguments.tls_name)]
        self.channel = grpc.secure_channel(arguments.address, credentials, options)
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def call(self, service, name, /, **fields):
        """Calls a method by its name; gives its answer, or an iterator over its answers."""
        method = self.pool.FindServiceByName(service).methods_by_name[name]
        request, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        stub = make(
            f"/{service}/{name}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString
        )
        return stub(request(**fields), timeout=DEADLINE_SECONDS)

    def message(self, name, /, **fields):
        return GetMessageClass(self.pool.FindMessageTypeByName(name))(**fields)


def openssl(arguments, content):
    """Runs OpenSSL over some content in a file, which it insists on."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "content")
        with open(path, "wb") as file:
            file.write(content)
        name = [path] if arguments[0] == "dgst" else ["-in", path]
        done = subprocess.run(["openssl", *arguments, *name], capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"openssl {arguments[0]}: {done.stdout.decode()} {done.stderr.decode()}")
    return done.stdout


def sm2(arguments, content):
    return openssl(["pkeyutl", *arguments, "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{SM2_SIGNER_ID}"], content)


def sm3(content):
    return bytes.fromhex(openssl(["dgst", "-sm3", "-r"], content).decode().split()[0]) if content else b""


def plain(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def issue(town, arguments):
    message_id = str(uuid.uuid4())
    payload = {
        "v": 1, "msgId": message_id, "docType": "通知", "docNo": arguments.number, "title": arguments.title,
        "issuer": arguments.issuer, "signatory": None, "mainTo": [arguments.to], "copyTo": [], "urgency": None,
        "issueDate": arguments.date, "due": None, "actionClass": "阅办", "secrecy": "NONE", "openness": "依申请公开",
        "refDocNo": arguments.answers, "attachments": [], "alg": "SM2-SM3", "keyId": arguments.key_id,
        "sender": arguments.sender, "consent": None, "agreedBy": [], "matters": 1,
    }
    payload = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    signature = town.message(
        "townlink.values.v1.Signature", key_id=arguments.key_id, algorithm="SM2-SM3",
        value=sm2(["-sign", "-inkey", arguments.signing_key], payload),
    )
    fields = {"request_id": message_id, "payload": payload, "signatures": [signature]}
    receipt = town.call(PAPERS, "IssuePaper", **fields)
    again = town.call(PAPERS, "IssuePaper", **fields)
    if again.SerializeToString() != receipt.SerializeToString():
        raise SystemExit("the same paper again got another receipt")
    return plain(receipt)


def watch(town, arguments):
    seen, position = [], arguments.after
    for told in town.call(PAPERS, "WatchPapers", parent=f"senders/{arguments.sender}", after_position=arguments.after):
        if told.position < position:
            raise SystemExit(f"position {told.position} came after {position}")
        position = told.position
        if told.WhichOneof("event"):
            seen.append(plain(told))
        kind = told.receipt.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[told.receipt.type].name
        if told.WhichOneof("event") == "receipt" and kind == f"RECEIPT_TYPE_{arguments.until}":
            return {"position": position, "events": seen}
    raise SystemExit(f"the stream ended before a receipt {arguments.until}")


def pull(town, arguments):
    stream = town.call(
        DISPATCHES, "PullDispatches", parent=f"departments/{arguments.department}", after_number=arguments.after
    )
    for told in stream:
        if not told.HasField("dispatch"):
            continue
        dispatch = told.dispatch
        stream.cancel()
        if dispatch.number != arguments.after + 1 or sm3(dispatch.payload) != dispatch.payload_digest:
            raise SystemExit(f"dispatch {dispatch.number} is not the next one, or not what its digest says")
        with tempfile.NamedTemporaryFile() as file:
            file.write(dispatch.signatures[0].value)
            file.flush()
            key = ["-verify", "-pubin", "-inkey", arguments.town_key, "-sigfile", file.name]
            sm2(key, dispatch.payload)
        return {"name": dispatch.name, "number": dispatch.number, "payload": json.loads(dispatch.payload)}
    raise SystemExit("the stream ended without a dispatch")


def acknowledge(town, arguments):
    fields = {"request_id": str(uuid.uuid4()), "name": arguments.name, "reason": arguments.reason}
    method = town.pool.FindServiceByName(DISPATCHES).methods_by_name["AcknowledgeDispatch"]
    kind = method.input_type.fields_by_name["type"].enum_type.values_by_name
    fields["type"] = kind[f"RECEIPT_TYPE_{arguments.type}"].number
    return plain(town.call(DISPATCHES, "AcknowledgeDispatch", **fields))


def main():
    parser = argparse.ArgumentParser()
    for name in ("address", "authority", "identity", "key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--tls-name", default="localhost")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("issue")
    for name in ("sender", "issuer", "to", "number", "title", "date", "key-id", "signing-key"):
        command.add_argument(f"--{name}", required=True)
    command.add_argument("--answers")
    command.set_defaults(run=issue)
    command = commands.add_parser("watch")
    command.add_argument("--sender", required=True)
    command.add_argument("--after", type=int, default=0)
    command.add_argument("--until", required=True)
    command.set_defaults(run=watch)
    command = commands.add_parser("pull")
    command.add_argument("--department", required=True)
    command.add_argument("--after", type=int, default=0)
    command.add_argument("--town-key", required=True)
    command.set_defaults(run=pull)
    command = commands.add_parser("acknowledge")
    command.add_argument("name")
    command.add_argument("--type", required=True)
    command.add_argument("--reason", default="")
    command.set_defaults(run=acknowledge)
    arguments = parser.parse_args()
    try:
        print(json.dumps(arguments.run(Town(arguments), arguments), ensure_ascii=False))
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")


if __name__ == "__main__":
    main()
