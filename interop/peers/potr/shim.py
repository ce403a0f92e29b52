"""Makes Debian's python3-potr usable: it calls interfaces of PyCrypto that the library it is packaged with has dropped.

As shipped it can neither make a key, nor sign, verify or encrypt. The same primitives are given to it here through
today's interfaces; nothing of the protocol is touched.
"""
from Cryptodome.Cipher import AES
from Cryptodome.Math.Numbers import Integer
from Cryptodome.PublicKey import DSA
from potr import compatcrypto, crypt
from potr.compatcrypto import pycrypto


def generate(cls):
    k = DSA.generate(1024)
    return cls((k.y, k.g, k.p, k.q, k.x), private=True)


def sign(self, data):
    nonce = Integer.random_range(min_inclusive=2, max_exclusive=self.priv.q)
    return b''.join(int(n).to_bytes(20, 'big') for n in self.priv._sign(Integer(int.from_bytes(data, 'big')), nonce))


def verify(self, data, signature):
    r, s = (Integer(int.from_bytes(half, 'big')) for half in (signature[:20], signature[20:]))
    return self.pub._verify(Integer(int.from_bytes(data, 'big')), (r, s))


def ctr(key, counter=0):
    if not isinstance(counter, pycrypto.Counter):
        counter = pycrypto.Counter(counter)
    return AES.new(key, AES.MODE_CTR, nonce=counter.byteprefix().rjust(8, b'\0'), initial_value=counter.val)


def parts(key, names):
    return tuple(int(getattr(key, name)) for name in names)


def install():
    key = pycrypto.DSAKey
    key.generate, key.sign, key.verify = classmethod(generate), sign, verify
    key.getPublicPayload = lambda self: parts(self.pub, 'pqgy')
    key.getPrivatePayload = lambda self: parts(self.priv, 'pqgyx')
    for module in (pycrypto, compatcrypto, crypt):
        module.AESCTR = ctr
