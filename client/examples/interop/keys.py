"""OpenSSL reads the keys that `trucelog key new` writes, and verifies what stations have signed."""

import base64, hashlib, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import by_hand
from tally import Tally, flipped

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
SEED_LEN = 32
# The version of PKCS#8 in a key file: OpenSSL takes 1 for 0.
VERSION_AT = 4


def openssl(words, *more, data=b""):
    """Exit code and what is printed."""
    done = subprocess.run(["openssl", *words.split(), *more], input=data, capture_output=True)
    return done.returncode, done.stdout


def version():
    return openssl("version")[1].decode().split()[1]


def knows_ml_dsa():
    return tuple(map(int, version().split(".")[:2])) >= (3, 5)


def pem(label, der):
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + f"-----END {label}-----\n".encode()


def unpem(text):
    lines = text.split(b"\n")
    return lines[0].decode().strip("-").removeprefix("BEGIN "), base64.b64decode(b"".join(lines[1:-2]))


def check_pairs(log, names):
    """OpenSSL derives the public file from the private one, for keys of these names."""
    with Tally("openssl", f"key pairs {', '.join(names)}") as tally:
        for name in names:
            private, public = log.path(f"{name}.pem").read_bytes(), log.path(f"{name}.pub").read_bytes()
            tally.holds(openssl("pkey -pubout", data=private) == (0, public), f"{name}.pem")
            tally.holds(openssl("pkey -pubin", data=public) == (0, public), f"{name}.pub")
            label, der = unpem(private)
            tally.refuses(openssl("pkey -pubout", data=pem(label, flipped(der, -1))) == (0, public), "another seed")
            for at in set(range(len(der) - SEED_LEN)) - {VERSION_AT}:
                code, _ = openssl("pkey -noout", data=pem(label, flipped(der, at)))
                tally.refuses(code == 0, f"byte {at} of the header of {name}.pem")


def signatures(log):
    """Public key, statement and signature of each entry."""
    for data in by_hand.entries(log.url, log.size):
        signed = by_hand.fields(by_hand.fields(data)[4])
        origin, charter = log.vkey.split("+")[0], log.charter
        digest = hashlib.sha256(signed[1]).hexdigest()
        named = "0" * 64 if digest == charter else charter
        yield signed[2], f"trucelog/record/v1\n{origin}\n{named}\n{digest}\n".encode(), signed[3]


def check_signatures(log, count):
    """OpenSSL verifies the first statements, which the operator, an authority and a monitor have signed."""
    with Tally("openssl", "signatures of records") as tally, tempfile.TemporaryDirectory() as place:

        def verify(public, statement, signature):
            for name, data in [("p", pem("PUBLIC KEY", ED25519_SPKI + public)), ("m", statement), ("s", signature)]:
                with open(f"{place}/{name}", "wb") as file:
                    file.write(data)
            words = f"pkeyutl -verify -pubin -rawin -inkey {place}/p -in {place}/m -sigfile {place}/s"
            return openssl(words)[0] == 0

        for _, (public, statement, signature) in zip(range(count), signatures(log)):
            tally.holds(verify(public, statement, signature), statement)
            tally.refuses(verify(public, flipped(statement, -2), signature), "another digest")
            tally.refuses(verify(public, flipped(statement, 20), signature), "another log")
            tally.refuses(verify(public, statement, flipped(signature, 0)), "another signature")


def check_ml_dsa_with_cryptography(log):
    """The package `cryptography` carries an OpenSSL of its own, which knows ML-DSA."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as keys

    def public_of(text):
        try:
            private = keys.load_pem_private_key(text, None)
        except (ValueError, UnsupportedAlgorithm):
            return None
        return private.public_key().public_bytes(keys.Encoding.PEM, keys.PublicFormat.SubjectPublicKeyInfo)

    with Tally("cryptography", "ML-DSA-44 key pair log-pq") as tally:
        private, public = log.path("log-pq.pem").read_bytes(), log.path("log-pq.pub").read_bytes()
        tally.holds(public_of(private) == public, "log-pq.pem")
        label, der = unpem(private)
        for at in set(range(len(der))) - {VERSION_AT}:
            tally.refuses(public_of(pem(label, flipped(der, at))) == public, f"byte {at} of log-pq.pem")
