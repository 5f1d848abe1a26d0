#!/usr/bin/env python3
"""Checks a Townlink receipt as a stranger would: with OpenSSL and a public log client, without any code of ours.

    check.py RECEIPT PROOF --receipt-key RECEIPT_KEY.pem --log-key 'ORIGIN+HASH+KEY' [--log-sm2-key LOG_SM2_KEY.pem]

RECEIPT is the exact JSON of the receipt, with its SM2 signature (DER) beside it in RECEIPT.sig; PROOF is a "townlink proof
v1". RECEIPT_KEY.pem is the SM2 public key of the receipt, the log key an Ed25519 verifier key (a string, or a file with it).
Public log clients ignore the second line of a checkpoint, which is SM2; with its key given, OpenSSL checks that line too.
One line a check on standard output; exit 0 if all hold, else 1 with the reason on standard error.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import metamorphic_log

SM2_SIGNER_ID = "1234567812345678"
SM2_NOTE_TYPE = b"\xfftownlink-sm2-v1"
RECEIPT_KEYS = ["v", "type", "msgId", "digest", "leafHash", "time", "logOrigin", "keyId", "mode"]
PROOF_KEYS = ["v", "logOrigin", "leafHash", "index", "size", "path", "checkpoint"]
FILE_BYTES_MAX = 1 << 20


class Refused(Exception):
    """A check that does not hold, with its reason."""


def read(path):
    try:
        with open(path, "rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise Refused(f"{path} has more than {FILE_BYTES_MAX} bytes")
    return content


def read_object(content, keys, what):
    """Reads JSON that must be one object with exactly these keys in this order; a key given twice is refused."""

    def in_order(pairs):
        if [key for key, _ in pairs] != keys:
            raise Refused(f"{what} does not have exactly the keys {', '.join(keys)} in this order")
        return dict(pairs)

    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=in_order)
    except ValueError as error:
        raise Refused(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict) or type(value["v"]) is not int or value["v"] != 1:
        raise Refused(f"{what} is not of version 1")
    return value


def read_hash(text, what):
    if not isinstance(text, str) or len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise Refused(f"{what} is not a hash in 64 lower-case hex digits")
    return bytes.fromhex(text)


def read_path(path):
    try:
        hashes = [base64.b64decode(text, validate=True) for text in path]
    except (TypeError, ValueError) as error:
        raise Refused(f"the path of the proof is not a list of base64 texts: {error}") from error
    for number, value in enumerate(hashes):
        if len(value) != 32 or base64.b64encode(value).decode() != path[number]:
            raise Refused(f"hash {number} of the path is not 32 bytes in canonical base64")
    return hashes


def openssl(*arguments):
    try:
        return subprocess.run(["openssl", *arguments], capture_output=True, timeout=30, check=False)
    except OSError as error:
        raise Refused(f"cannot run openssl: {error.strerror}") from error


def read_sm2_point(key_path):
    """The point of an SM2 key, uncompressed. A key of another curve would give the checks another meaning."""
    shown = openssl("pkey", "-pubin", "-in", key_path, "-noout", "-text_pub")
    der = openssl("pkey", "-pubin", "-in", key_path, "-outform", "DER")
    if shown.returncode or der.returncode or b"SM2" not in shown.stdout or der.stdout[-65:-64] != b"\x04":
        raise Refused(f"{key_path} is not an SM2 public key in PEM")
    return der.stdout[-65:]


def check_sm2_signature(message_path, signature_path, key_path, what):
    """OpenSSL verifies a detached SM2-with-SM3 signature (DER) over the exact bytes of a file."""
    result = openssl(
        "dgst", "-sm3", "-sigopt", f"distid:{SM2_SIGNER_ID}", "-verify", key_path, "-signature", signature_path, message_path
    )
    if result.returncode != 0:
        said = (result.stdout + result.stderr).decode("utf-8", "replace").strip().splitlines()
        raise Refused(f"OpenSSL refuses the signature of {what}: {said[0] if said else 'no reason given'}")


def check_sm2_line(checkpoint, key_path):
    """The line's key hash is SHA-256(name, newline, 0xff, identifier, point), first four bytes; then comes the signature."""
    point = read_sm2_point(key_path)
    text, _, lines = checkpoint.rpartition("\n\n")
    text += "\n"
    name = text.split("\n", 1)[0]
    key_hash = hashlib.sha256(name.encode() + b"\n" + SM2_NOTE_TYPE + point).digest()[:4]
    for line in lines.splitlines():
        try:
            signature = base64.b64decode(line.rsplit(" ", 1)[-1], validate=True)
        except ValueError as error:
            raise Refused(f"a signature of the checkpoint is not base64: {error}") from error
        if line.startswith(f"\u2014 {name} ") and signature[:4] == key_hash:
            with tempfile.TemporaryDirectory() as folder:
                message_path, signature_path = os.path.join(folder, "text"), os.path.join(folder, "signature")
                with open(message_path, "wb") as file:
                    file.write(text.encode())
                with open(signature_path, "wb") as file:
                    file.write(signature[4:])
                check_sm2_signature(message_path, signature_path, key_path, "the checkpoint's SM2 line")
            return
    raise Refused(f"the checkpoint has no line by the SM2 key {key_path}")


def check_checkpoint(checkpoint, log_key):
    try:
        return metamorphic_log.checkpoint_verify(checkpoint, [log_key])
    except metamorphic_log.VerifyError as error:
        raise Refused(f"the checkpoint does not verify with the log's key: {error}") from error


def check_inclusion(proof, head, leaf, path):
    index, size = proof["index"], proof["size"]
    if type(index) is not int or type(size) is not int or not 0 <= index < size < 1 << 63:
        raise Refused("index and size of the proof are not whole numbers with 0 <= index < size")
    if head.origin != proof["logOrigin"]:
        raise Refused(f"the checkpoint is of log {head.origin}, the proof says {proof['logOrigin']}")
    if head.size != size:
        raise Refused(f"the checkpoint has {head.size} entries, the proof says {size}")
    try:
        metamorphic_log.verify_inclusion(index, size, leaf, path, bytes(head.root))
    except metamorphic_log.VerifyError as error:
        raise Refused(f"the path does not lead from the leaf to the checkpoint: {error}") from error


def check(arguments):
    log_key = arguments.log_key
    if os.path.exists(log_key):
        log_key = read(log_key).decode("utf-8", "replace")
    log_key = log_key.strip()

    read_sm2_point(arguments.receipt_key)
    check_sm2_signature(arguments.receipt, arguments.receipt + ".sig", arguments.receipt_key, "the receipt")
    receipt = read_object(read(arguments.receipt), RECEIPT_KEYS, "the receipt")
    print(f"ok  OpenSSL: the receipt {receipt['type']} for {receipt['msgId']} is signed by this SM2 key")

    proof = read_object(read(arguments.proof), PROOF_KEYS, "the proof")
    if not isinstance(proof["checkpoint"], str):
        raise Refused("the checkpoint of the proof is not a text")
    head = check_checkpoint(proof["checkpoint"], log_key)
    print(f"ok  metamorphic-log: the checkpoint of {head.origin} with {head.size} entries is signed by this log key")
    if arguments.log_sm2_key:
        check_sm2_line(proof["checkpoint"], arguments.log_sm2_key)
        print("ok  OpenSSL: the checkpoint is signed by this SM2 log key as well")

    leaf = read_hash(proof["leafHash"], "the leafHash of the proof")
    check_inclusion(proof, head, leaf, read_path(proof["path"]))
    print(f"ok  metamorphic-log: leaf {proof['leafHash']} is entry {proof['index']} under that checkpoint")

    if read_hash(receipt["leafHash"], "the leafHash of the receipt") != leaf:
        raise Refused(f"the receipt names leaf {receipt['leafHash']}, the proof is of {proof['leafHash']}")
    if receipt["logOrigin"] != head.origin:
        raise Refused(f"the receipt names log {receipt['logOrigin']}, the checkpoint is of {head.origin}")
    print("ok  the receipt and the proof name the same leaf of the same log")
    if receipt["mode"] != "LIVE":
        print(f"note: the receipt says {receipt['mode']}: it was not made with a certified key under a real clock")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receipt", help="the receipt; its signature is in RECEIPT.sig")
    parser.add_argument("proof", help="the inclusion proof")
    parser.add_argument("--receipt-key", required=True, help="SM2 public key, PEM")
    parser.add_argument("--log-key", required=True, help="Ed25519 verifier key of the log, or a file with it")
    parser.add_argument("--log-sm2-key", help="SM2 public key of the log, PEM")
    try:
        check(parser.parse_args())
    except Refused as reason:
        print(f"REFUSED: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
