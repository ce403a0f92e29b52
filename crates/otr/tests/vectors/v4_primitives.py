#!/usr/bin/env python3
"""Prints v4_primitives.txt: constants for the primitives of version 4, each from a source that is not ours.

    v4_primitives.py REFERENCE > v4_primitives.txt

REFERENCE is the folder of otr4_ref.py, the plain Python reference of the protocol. Needs the package `cryptography`,
whose answers are OpenSSL's.
"""
import hashlib
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dh, x448
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

sys.path.insert(0, sys.argv[1])
import otr4_ref as ref


def show(name, value):
    print(name, '=', value.hex() if isinstance(value, bytes) else value)


def openssl_shake(data, size):
    hash = hashes.Hash(hashes.SHAKE256(size))
    hash.update(data)
    return hash.finalize()


print('# Printed by v4_primitives.py: hashlib, OpenSSL by way of `cryptography`, and the reference of the protocol.')
sample = bytes(i % 251 for i in range(1000))
show('shake256.hashlib', hashlib.shake_256(sample).digest(300))
show('shake256.openssl', openssl_shake(sample, 300))
for usage in range(0x1b):
    show('kdf.%02x' % usage, openssl_shake(b'OTRv4' + bytes([usage]) + sample[:100], 64))

key = bytes(range(32))
chacha = Cipher(algorithms.ChaCha20(key, bytes(16)), None).encryptor()
show('chacha20.openssl', chacha.update(sample))
show('chacha20.reference', ref.chacha(key, sample))

for n, size in enumerate((0, 1, 135, 136, 137, 1000)):
    seed = hashlib.shake_256(b'eddsa %d' % n).digest(57)
    private = Ed448PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    show('eddsa.%d' % size, seed + public + private.sign(sample[:size]))
    assert ref.Ed(seed).sign(sample[:size]) == private.sign(sample[:size])

for n in range(4):
    seeds = [hashlib.shake_256(b'ecdh %d %d' % (n, side)).digest(57) for side in (0, 1)]
    a, b = (ref.Ec(lambda size, s=s: s) for s in seeds)
    shared = ref.enc(ref.mul(a.x, b.pub))
    assert shared == ref.enc(ref.mul(b.x, a.pub))
    show('ecdh.%d' % n, seeds[0] + seeds[1] + ref.enc(a.pub) + ref.enc(b.pub) + shared)
    # X448 on the curve that is isogenous to ours, with the same bits pruned.
    secrets = [ref.shake(s, 57)[:56] for s in seeds]
    privates = [x448.X448PrivateKey.from_private_bytes(s) for s in secrets]
    publics = [p.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for p in privates]
    show('x448.%d' % n, publics[0] + publics[1] + privates[0].exchange(privates[1].public_key()))

numbers = dh.DHParameterNumbers(ref.DHP, 2)
for n in range(2):
    secrets = [hashlib.shake_256(b'dh %d %d' % (n, side)).digest(80) for side in (0, 1)]
    publics = [pow(2, int.from_bytes(s, 'big'), ref.DHP) for s in secrets]
    a, b = (
        dh.DHPrivateNumbers(int.from_bytes(s, 'big'), dh.DHPublicNumbers(p, numbers)).private_key()
        for s, p in zip(secrets, publics)
    )
    shared = a.exchange(b.public_key())
    assert shared == b.exchange(a.public_key())
    show('dh3072.%d' % n, b''.join(secrets) + b''.join(p.to_bytes(384, 'big') for p in publics) + shared)

for place in range(3):
    keys = [ref.Ed(hashlib.shake_256(b'ring %d %d' % (place, k)).digest(57)) for k in range(3)]
    message = sample[: 100 * place]
    ring = [k.pub for k in keys]
    sigma = ref.rsig(ref.Rng(b'ring %d' % place), keys[place].sk, keys[place].pub, ring, message)
    assert ref.rvrf(ring, sigma, message)
    show('ring.%d' % place, b''.join(k.sym for k in keys) + sigma)
