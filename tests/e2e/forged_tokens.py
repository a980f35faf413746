"""Tokens that the platform must refuse, made from one that it would take."""

import base64
import json
import subprocess
import time


def _decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed(header, claims, key_file):
    """ES256 by the openssl program: its DER signature as the two 32-byte numbers that a JWT has."""
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file], input=text.encode(), capture_output=True,
                         check=True).stdout
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + length
    return f"{text}.{_encoded(numbers)}"


def signed_again(platform, token, **changes):
    """The token with other claims, signed with the platform's own key."""
    header, claims = map(_decoded, token.split(".")[:2])
    return _signed(header, {**claims, **changes}, platform.data / "keys/signing_key.pem")


def expired(platform, token):
    now = int(time.time())
    return signed_again(platform, token, iat=now - 7200, exp=now - 3600)


def by_another_key(platform, token, folder):
    key = folder / "another.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    header, claims = map(_decoded, token.split(".")[:2])
    return _signed(header, claims, key)


def unsigned(token):
    """`alg: none`."""
    claims = token.split(".")[1]
    return f"{_encoded(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{claims}."
