"""A small, slow reference of OTR version 4: interactive exchange, data messages in any order, SMP, extra keys. Written from
the text and what the living implementations do; nothing here takes constant time. Names are those of the text where it has
short ones (X, Y, A, B, i, j, k, pn); `driver.py` puts the line protocol around it."""
import base64, hashlib, os, struct, time

# ---------------------------------------------------------------- Ed448
P = 2**448 - 2**224 - 1
Q = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
D = -39081 % P
GX = 224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710
GY = 298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660

def add(a, b):
    X1, Y1, Z1 = a; X2, Y2, Z2 = b
    A = Z1*Z2 % P; B = A*A % P; C = X1*X2 % P; DD = Y1*Y2 % P; E = D*C*DD % P
    F = (B-E) % P; G = (B+E) % P; H = (X1+Y1)*(X2+Y2) % P
    return (A*F*(H-C-DD) % P, A*G*(DD-C) % P, F*G % P)
I = (0, 1, 1); G = (GX, GY, 1)
def mul(k, p):
    r = I
    while k:
        if k & 1: r = add(r, p)
        p = add(p, p); k >>= 1
    return r
def neg(p): return (-p[0] % P, p[1], p[2])
def enc(p):
    zi = pow(p[2], -1, P); x = p[0]*zi % P; y = p[1]*zi % P
    b = bytearray(y.to_bytes(57, 'little')); b[56] |= (x & 1) << 7
    return bytes(b)
def dec(b):
    b = bytearray(b); s = b[56] >> 7; b[56] &= 0x7f
    y = int.from_bytes(b, 'little'); assert y < P
    n = (y*y-1) % P; d = (D*y*y-1) % P
    x = n**3*d*pow(n**5*d**3, (P-3)//4, P) % P
    assert d*x*x % P == n and not (x == 0 and s)
    return (x if x & 1 == s else P-x, y, 1)
def valid(p): assert enc(p) != enc(I) and enc(mul(Q, p)) == enc(I)
def sc(n): return (n % Q).to_bytes(57, 'little')
def unsc(b): return int.from_bytes(b, 'little')
def shake(b, n): return hashlib.shake_256(b).digest(n)
def prune(h):
    h = bytearray(h[:57]); h[0] &= 0xfc; h[56] = 0; h[55] |= 0x80
    return int.from_bytes(h, 'little')

def kdf(u, v, n): return shake(b'OTRv4' + bytes([u]) + v, n)
def h2s(u, v): return unsc(kdf(u, v, 57))

class Ed:
    def __init__(s, sym):
        s.sym = sym; h = shake(sym, 114); s.sk, s.prefix = prune(h), h[57:]; s.pub = mul(s.sk, G)
    def sign(s, m):
        d = b'SigEd448\0\0'; A = enc(s.pub)
        r = unsc(shake(d + s.prefix + m, 114)); R = enc(mul(r % Q, G))
        k = unsc(shake(d + R + A + m, 114))
        return R + sc(r + k*s.sk)
def verify(pub, sig, m):
    S = unsc(sig[57:]); assert S < Q
    k = unsc(shake(b'SigEd448\0\0' + sig[:57] + enc(pub) + m, 114))
    return enc(mul(S, G)) == enc(add(dec(sig[:57]), mul(k % Q, pub)))

# ---------------------------------------------------------------- 3072-bit DH
DHP = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
def be(n): return n.to_bytes((n.bit_length()+7)//8, 'big')
def data(b): return struct.pack('>I', len(b)) + b
def mpi(n): return data(be(n))
class Dh:
    def __init__(s, r): s.x = int.from_bytes(r(80), 'big'); s.pub = pow(2, s.x, DHP)
class Ec:
    def __init__(s, r): s.x = prune(shake(r(57), 114)); s.pub = mul(s.x, G)

# ---------------------------------------------------------------- ring signature
RING_PREFIX_LEN = True   # peers hash DATA(m); the text of the specification says plain m
def challenge(A, T, m):
    return h2s(0x1a, enc(G) + Q.to_bytes(57, 'little') + b''.join(map(enc, A)) + b''.join(map(enc, T)) + (data(m) if RING_PREFIX_LEN else m))
def rsig(r, sk, pub, A, m):
    zq = lambda: prune(shake(r(57), 57)) % Q
    i = [enc(a) for a in A].index(enc(pub)); t = zq()
    c = [zq() for _ in A]; rr = [zq() for _ in A]
    T = [mul(t, G) if j == i else add(mul(rr[j], G), mul(c[j], A[j])) for j in range(3)]
    ch = challenge(A, T, m)
    c[i] = (ch - sum(c[j] for j in range(3) if j != i)) % Q
    rr[i] = (t - c[i]*sk) % Q
    return b''.join(sc(c[j]) + sc(rr[j]) for j in range(3))
def rvrf(A, s, m):
    v = [unsc(s[57*i:57*i+57]) for i in range(6)]
    T = [add(mul(v[2*j+1], G), mul(v[2*j], A[j])) for j in range(3)]
    return challenge(A, T, m) % Q == (v[0]+v[2]+v[4]) % Q

# ---------------------------------------------------------------- ChaCha20 (zero nonce, counter 0)
def chacha(key, m):
    out = b''; k = struct.unpack('<8I', key)
    for n in range((len(m)+63)//64):
        st = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, *k, n, 0, 0, 0]; w = st[:]
        def qr(a, b, c, d):
            for x, y, z, rot in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                w[x] = (w[x]+w[y]) & 0xffffffff; t = w[z] ^ w[x]; w[z] = (t << rot | t >> (32-rot)) & 0xffffffff
        for _ in range(10):
            for q in ((0,4,8,12),(1,5,9,13),(2,6,10,14),(3,7,11,15),(0,5,10,15),(1,6,11,12),(2,7,8,13),(3,4,9,14)): qr(*q)
        out += struct.pack('<16I', *((a+b) & 0xffffffff for a, b in zip(st, w)))
    return bytes(a ^ b for a, b in zip(m, out))

class R:
    def __init__(s, b): s.b, s.o = b, 0
    def take(s, n): assert s.o+n <= len(s.b), 'short'; s.o += n; return s.b[s.o-n:s.o]
    def u(s, n): return int.from_bytes(s.take(n), 'big')
    def data(s): return s.take(s.u(4))
    def mpi(s): return int.from_bytes(s.data(), 'big')
    def pt(s): p = dec(s.take(57)); valid(p); return p

def parse_profile(r):
    start = r.o; n = r.u(4); p = {}; body = r.o
    for _ in range(n):
        t = r.u(2); assert t not in p
        if t == 1: p[t] = r.u(4)
        elif t in (2, 3): assert r.take(2) == (b'\x10\0' if t == 2 else b'\x12\0'); p[t] = r.pt()
        elif t == 4: p[t] = r.data()
        elif t == 5: p[t] = r.u(8)
        elif t == 6: a = r.o; assert r.u(2) == 0; [r.data() for _ in range(4)]; p[t] = r.b[a:r.o]
        elif t == 7: p[t] = r.take(40)
        else: raise ValueError(t)
    signed = r.b[body:r.o]; sig = r.take(114)
    assert verify(p[2], sig, signed), 'profile signature (field bytes without the count)'
    assert p[5] > time.time() and b'4' in p[4]
    p['raw'] = r.b[start:r.o]
    return p

def extra(place, use, esk): return kdf(place, use + esk, 64)
def fp(h, f): return kdf(0, enc(h) + enc(f), 56)

class Party:
    def __init__(s, me, peer, tag=0):
        s.me, s.peer, s.r = me.encode(), peer.encode(), os.urandom
        s.h, s.f = Ed(s.r(57)), Ed(s.r(57)); s.tag = tag or 0x100 + int.from_bytes(s.r(3), 'big'); s.ptag = 0
        exp = int(time.time()) + 7*86400
        fields = (b'\0\1' + struct.pack('>I', s.tag) + b'\0\2\x10\0' + enc(s.h.pub) + b'\0\3\x12\0' + enc(s.f.pub)
                  + b'\0\4' + data(b'4') + b'\0\5' + struct.pack('>q', exp))
        s.profile = struct.pack('>I', 5) + fields + s.h.sign(fields)
        s.out, s.ev, s.skipped, s.macs, s.smp, s.asked = [], [], {}, [], None, None; s.want = s.y = None; s.private = False
    def wrap(s, t, body): return '?OTR:' + base64.b64encode(struct.pack('>HBII', 4, t, s.tag, s.ptag) + body).decode() + '.'
    # ---- DAKE. "bob" sends Identity and Auth-I, "alice" sends Auth-R.
    def start(s):
        s.y, s.b, s.first = Ec(s.r), Dh(s.r), (Ec(s.r), Dh(s.r)); e0, d0 = s.first; s.ptag = 0 if not s.private else s.ptag
        s.identity = s.profile + enc(s.y.pub) + mpi(s.b.pub) + enc(e0.pub) + mpi(d0.pub)
        s.out.append(s.wrap(0x35, s.identity))
    def t(s, kind, pb, pa, Y, X, B, A, sender, st, rt, se, sd, re_, rd):
        u = 5 if kind == 0 else 8
        me, you = (s.me, s.peer) if sender else (s.peer, s.me)
        phi = struct.pack('>II', st, rt) + enc(se) + mpi(sd) + enc(re_) + mpi(rd) + data(me) + data(you)
        return bytes([kind]) + kdf(u, pb, 64) + kdf(u+1, pa, 64) + enc(Y) + enc(X) + mpi(B) + mpi(A) + kdf(u+2, phi, 64)
    def mixed(s, e, d, E_, D_):
        brace = kdf(1, be(pow(D_, d.x, DHP)), 32)
        return kdf(3, enc(mul(e.x, E_)) + brace, 64), brace
    def recv(s, text):
        raw = base64.b64decode(text[5:-1], validate=True); r = R(raw); assert r.u(2) == 4, 'version'; t = r.u(1)
        st = r.u(4); rt = r.u(4); assert rt in (0, s.tag) and t in (3, 0x35, 0x36, 0x37), 'header'
        getattr(s, 'on_%02x' % t)(r, st, raw)
    def on_35(s, r, st, raw):
        pb = parse_profile(r); assert pb[1] == st; Y, B, E0, D0 = r.pt(), r.mpi(), r.pt(), r.mpi(); assert r.o == len(raw)
        if s.y and shake(mpi(s.b.pub), 32) > shake(mpi(B), 32): s.out.append(s.wrap(0x35, s.identity)); return
        s.y = None; s.ptag = st; x, a, e0, d0 = Ec(s.r), Dh(s.r), Ec(s.r), Dh(s.r)
        t = s.t(0, pb['raw'], s.profile, Y, x.pub, B, a.pub, True, s.tag, st, e0.pub, d0.pub, E0, D0)
        sig = rsig(s.r, s.h.sk, s.h.pub, [pb[3], s.h.pub, Y], t)
        s.want = (pb, s.mixed(x, a, Y, B)[0], (e0, d0), s.t(1, pb['raw'], s.profile, Y, x.pub, B, a.pub, False, st, s.tag, E0, D0, e0.pub, d0.pub), x.pub, E0, D0)
        s.out.append(s.wrap(0x36, s.profile + enc(x.pub) + mpi(a.pub) + sig + enc(e0.pub) + mpi(d0.pub)))
    def on_36(s, r, st, raw):
        assert s.y, 'no Identity of ours waits'
        pa = parse_profile(r); assert pa[1] == st; X, A, sig, E0, D0 = r.pt(), r.mpi(), r.take(342), r.pt(), r.mpi(); assert r.o == len(raw)
        e0, d0 = s.first
        t = s.t(0, s.profile, pa['raw'], s.y.pub, X, s.b.pub, A, False, st, s.tag, E0, D0, e0.pub, d0.pub)
        assert rvrf([s.f.pub, pa[2], s.y.pub], sig, t), 'Auth-R'
        s.ptag = st
        t = s.t(1, s.profile, pa['raw'], s.y.pub, X, s.b.pub, A, True, s.tag, st, e0.pub, d0.pub, E0, D0)
        sig = rsig(s.r, s.h.sk, s.h.pub, [s.h.pub, pa[3], X], t)
        s.k, _ = s.mixed(s.y, s.b, X, A); s.e0, s.d0 = e0, d0
        s.init(pa, E0, D0, sending=False); s.rotate_send()
        s.out.append(s.wrap(0x37, sig)); s.y = None; s.ev.append(('started',))
    def on_37(s, r, st, raw):
        assert s.want, 'no Auth-R of ours waits'
        pb, k, first, t, X, E0, D0 = s.want; 
        assert rvrf([pb[2], s.f.pub, X], r.take(342), t), 'Auth-I'
        s.want = None; s.k, (s.e0, s.d0) = k, first; s.init(pb, E0, D0, sending=True); s.ev.append(('started',))
    # ---- double ratchet
    def init(s, p, E_, D_, sending):
        s.us, s.them = fp(s.h.pub, s.f.pub), fp(p[2], p[3]); s.private = True; s.alice = sending; s.smp = s.asked = None; s.skipped, s.macs = {}, []; s.ssid = kdf(4, s.k, 8)
        s.i = s.j = s.kk = s.pn = 0; s.E, s.D = E_, D_; s.my_turn = not sending
        root = kdf(0x0b, s.k, 64); K, s.brace = s.mixed(s.e0, s.d0, E_, D_)
        s.root, ck = kdf(0x12, root + K, 64), kdf(0x13, root + K, 64)
        s.cs, s.cr = (ck, None) if sending else (None, ck)
    def step(s, third):
        s.brace = kdf(1, be(pow(s.D, s.d0.x, DHP)), 32) if third else kdf(2, s.brace, 32)
        K = kdf(3, enc(mul(s.e0.x, s.E)) + s.brace, 64)
        ck = kdf(0x13, s.root + K, 64); s.root = kdf(0x12, s.root + K, 64); return ck
    def rotate_send(s):
        third = s.i % 3 == 0; s.e0 = Ec(s.r)
        if third: s.d0 = Dh(s.r)
        s.pn, s.j = s.j, 0; s.cs = s.step(third); s.i += 1; s.my_turn = False
    def say(s, text, tlvs=b'', flags=0):
        reveal = b''
        if s.my_turn: s.rotate_send(); reveal = b''.join(s.macs); s.macs = []
        i = max(0, s.i-1); mk = kdf(0x15, s.cs, 64); mac = kdf(0x16, mk, 64)
        pt = text + (b'\0' + tlvs if tlvs else b'')
        body = struct.pack('>BIII', flags, s.pn, i, s.j) + enc(s.e0.pub) + (mpi(s.d0.pub) if i % 3 == 0 else mpi(0)) + data(chacha(mk[:32], pt))
        head = struct.pack('>HBII', 4, 3, s.tag, s.ptag)
        s.esk = kdf(0x17, b'\xff' + s.cs, 64)
        s.cs = kdf(0x14, s.cs, 64); s.j += 1
        s.out.append(s.wrap(3, body + kdf(0x18, mac + head + body, 64) + data(reveal)))
    def on_03(s, r, st, raw):
        fl, pn, i, j = r.u(1), r.u(4), r.u(4), r.u(4); E_ = r.pt(); D_ = r.mpi(); c = r.data(); end = r.o; mac = r.take(64); rev = r.data()
        assert (i % 3 == 0) == (D_ != 0) and len(rev) % 64 == 0 and (i == 0 or j or rev)
        assert s.private, 'not private'
        key = (enc(E_), j)
        if key in s.skipped:
            mk, esk = s.skipped[key]
            assert kdf(0x18, kdf(0x16, mk, 64) + raw[:end], 64) == mac, 'MAC'; del s.skipped[key]
        else:
            save = (dict(s.__dict__), dict(s.skipped))
            try:
                if enc(E_) != enc(s.E) and not s.my_turn and i == s.i:
                    if s.cr: s.skip(pn)
                    s.E = E_; s.D = D_ or s.D; s.cr = s.step(i % 3 == 0); s.kk = 0; s.i += 1; s.my_turn = True
                assert enc(E_) == enc(s.E), 'an old ratchet'
                s.skip(j); assert j == s.kk, 'duplicate'
                mk, esk = kdf(0x15, s.cr, 64), kdf(0x17, b'\xff' + s.cr, 64)
                assert kdf(0x18, kdf(0x16, mk, 64) + raw[:end], 64) == mac, 'MAC'
                s.cr = kdf(0x14, s.cr, 64); s.kk += 1
            except AssertionError:
                s.__dict__.update(save[0]); s.skipped = save[1]; raise
        s.macs.append(kdf(0x16, mk, 64)); pt = chacha(mk[:32], c)
        text, _, tl = pt.partition(b'\0'); rr = R(tl); place = 0
        s.ev.append(('text', text) if text or all(x == 0 for x in tl[:2]) else ('records',))
        while rr.o < len(tl):
            ty = rr.u(2); v = rr.take(rr.u(2))
            if ty == 7: s.ev.append(('extrakey', v[:4], v[4:], extra(place, v[:4], esk)))
            else: s.tlv(ty, v)
            place += 1
    def skip(s, until):
        assert until - s.kk < 1000, 'gap'
        while s.kk < until:
            s.skipped[(enc(s.E), s.kk)] = kdf(0x15, s.cr, 64), kdf(0x17, b'\xff' + s.cr, 64)
            s.cr = kdf(0x14, s.cr, 64); s.kk += 1
    def extra_key(s, use, value):
        s.say(b'', struct.pack('>HH', 7, 4 + len(value)) + use + value); return extra(0, use, s.esk)
    def end(s):
        s.say(b'', struct.pack('>HH', 1, 0), 1); s.private = False
    # ---- SMP
    def secret(s, ini, rsp, x):
        return prune(kdf(0x19, b'\1' + ini + rsp + s.ssid + data(x), 57))
    def smp_abort(s): s.smp = s.asked = None; s.send_tlv(6, b'')
    def fingerprint(s): return fp(s.h.pub, s.f.pub)
    def zq(s): return prune(shake(s.r(57), 57)) % Q
    def smp_start(s, x, q=b''):
        a2, a3, r2, r3 = (s.zq() for _ in range(4)); c2, c3 = h2s(1, enc(mul(r2, G))), h2s(2, enc(mul(r3, G)))
        s.smp = dict(x=s.secret(s.us, s.them, x), a2=a2, a3=a3)
        s.send_tlv(2, data(q) + enc(mul(a2, G)) + sc(c2) + sc(r2-a2*c2) + enc(mul(a3, G)) + sc(c3) + sc(r3-a3*c3))
    def smp_answer(s, x):
        g2a, g3a = s.asked; s.asked = None
        b2, b3, r2, r3, r4, r5, r6 = (s.zq() for _ in range(7)); y = s.secret(s.them, s.us, x)
        c2, c3 = h2s(3, enc(mul(r2, G))), h2s(4, enc(mul(r3, G))); g2, g3 = mul(b2, g2a), mul(b3, g3a)
        pb, qb = mul(r4, g3), add(mul(r4, G), mul(y, g2)); cp = h2s(5, enc(mul(r5, g3)) + enc(add(mul(r5, G), mul(r6, g2))))
        s.smp = dict(g3a=g3a, g2=g2, g3=g3, b3=b3, pb=pb, qb=qb)
        s.send_tlv(3, enc(mul(b2, G)) + sc(c2) + sc(r2-b2*c2) + enc(mul(b3, G)) + sc(c3) + sc(r3-b3*c3) + enc(pb) + enc(qb) + sc(cp) + sc(r5-r4*cp) + sc(r6-y*cp))
    def send_tlv(s, t, v): s.say(b'', struct.pack('>HH', t, len(v)) + v, 1)
    def tlv(s, t, v):
        r = R(v); S = lambda: unsc(r.take(57))
        if t == 1: s.private = False; s.ev.append(('ended',))
        elif t == 2:
            q = r.data(); g2a, c2, d2, g3a, c3, d3 = r.pt(), S(), S(), r.pt(), S(), S()
            assert c2 % Q == h2s(1, enc(add(mul(d2, G), mul(c2, g2a)))) % Q and c3 % Q == h2s(2, enc(add(mul(d3, G), mul(c3, g3a)))) % Q
            s.asked = g2a, g3a; s.ev.append(('asked', q))
        elif t == 3:
            m = s.smp; g2b, c2, d2, g3b, c3, d3, pb, qb, cp, d5, d6 = r.pt(), S(), S(), r.pt(), S(), S(), r.pt(), r.pt(), S(), S(), S()
            assert c2 % Q == h2s(3, enc(add(mul(d2, G), mul(c2, g2b)))) % Q and c3 % Q == h2s(4, enc(add(mul(d3, G), mul(c3, g3b)))) % Q
            g2, g3 = mul(m['a2'], g2b), mul(m['a3'], g3b)
            assert cp % Q == h2s(5, enc(add(mul(d5, g3), mul(cp, pb))) + enc(add(add(mul(d5, G), mul(d6, g2)), mul(cp, qb)))) % Q
            r4, r5, r6, r7 = (s.zq() for _ in range(4)); x = m['x']
            pa, qa = mul(r4, g3), add(mul(r4, G), mul(x, g2)); dq = add(qa, neg(qb)); ra = mul(m['a3'], dq)
            cp = h2s(6, enc(mul(r5, g3)) + enc(add(mul(r5, G), mul(r6, g2)))); cr = h2s(7, enc(mul(r7, G)) + enc(mul(r7, dq)))
            m.update(g3b=g3b, dp=add(pa, neg(pb)), dq=dq)
            s.send_tlv(4, enc(pa) + enc(qa) + sc(cp) + sc(r5-r4*cp) + sc(r6-x*cp) + enc(ra) + sc(cr) + sc(r7-m['a3']*cr))
        elif t == 4:
            m = s.smp; pa, qa, cp, d5, d6, ra, cr, d7 = r.pt(), r.pt(), S(), S(), S(), r.pt(), S(), S(); dq = add(qa, neg(m['qb']))
            assert cp % Q == h2s(6, enc(add(mul(d5, m['g3']), mul(cp, pa))) + enc(add(add(mul(d5, G), mul(d6, m['g2'])), mul(cp, qa)))) % Q
            assert cr % Q == h2s(7, enc(add(mul(d7, G), mul(cr, m['g3a']))) + enc(add(mul(d7, dq), mul(cr, ra)))) % Q
            r7 = s.zq(); cr = h2s(8, enc(mul(r7, G)) + enc(mul(r7, dq)))
            s.ev.append(('compared', enc(mul(m['b3'], ra)) == enc(add(pa, neg(m['pb'])))))
            s.send_tlv(5, enc(mul(m['b3'], dq)) + sc(cr) + sc(r7-m['b3']*cr))
        elif t == 5:
            m = s.smp; rb, cr, d7 = r.pt(), S(), S()
            assert cr % Q == h2s(8, enc(add(mul(d7, G), mul(cr, m['g3b']))) + enc(add(mul(d7, m['dq']), mul(cr, rb)))) % Q
            s.ev.append(('compared', enc(mul(m['a3'], rb)) == enc(m['dp'])))
        elif t == 6: s.smp = s.asked = None; s.ev.append(('aborted',))
