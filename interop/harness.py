"""Runs peer drivers and carries lines between two of them. The line protocol is described in PROTOCOL.md."""
import base64
import hashlib
import os
import re
import selectors
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('INTEROP_BUILD', os.path.join(HERE, 'build'))

COMMANDS = {
    'libotr': [f'{BUILD}/libotr/driver'],
    'go-otr3': [f'{BUILD}/go-otr3/driver'],
    'otrjs': ['node', f'{HERE}/peers/otrjs/driver.js'],
    'potr': ['/usr/bin/python3', f'{HERE}/peers/potr/driver.py'],
    'otr4ref': ['/usr/bin/python3', f'{HERE}/peers/otr4ref/driver.py'],
    'otrr': [f'{BUILD}/otrr/release/interop-otrr'],
}


class DriverError(Exception):
    """A driver died, fell silent or spoke out of turn."""


def enc(data):
    data = data.encode() if isinstance(data, str) else data
    return data.hex() or '-'


def dec(word):
    return b'' if word == '-' else bytes.fromhex(word)


class Peer:
    """One driver process. `sent` holds what it gave to the carrier and nobody has taken yet."""

    def __init__(self, kind, me, peer, timeout=120, **options):
        words = [f'{k}={v}' for k, v in options.items() if v is not None]
        self.kind, self.me, self.timeout = kind, me, timeout
        self.sent, self.log, self.texts, self.clear, self.events = [], [], [], [], []
        env = dict(os.environ, NODE_PATH=f'{BUILD}/node/node_modules')
        self.process = subprocess.Popen(COMMANDS[kind] + [me, peer] + words, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=env)
        self.pending = b''
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def line(self):
        while b'\n' not in self.pending:
            if not self.selector.select(self.timeout):
                raise DriverError(f'{self.kind} {self.me}: no answer within {self.timeout} s')
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise DriverError(f'{self.kind} {self.me}: ended with {self.process.wait()}')
            self.pending += more
        line, self.pending = self.pending.split(b'\n', 1)
        return line.decode()

    def do(self, *words):
        """Gives one command; returns every answer line but `done`, and sorts them into the lists."""
        self.process.stdin.write((' '.join(words) + '\n').encode())
        self.process.stdin.flush()
        answers = []
        while (line := self.line()) != 'done':
            answers.append(line)
            word, _, rest = line.partition(' ')
            if word == 'wire':
                self.sent.append(dec(rest))
            elif word == 'text':
                self.texts.append(dec(rest))
            elif word == 'clear':
                self.clear.append(dec(rest))
            elif word == 'event':
                self.events.append(rest)
        return answers

    def say(self, text):
        return self.do('say', enc(text))

    def recv(self, message):
        return self.do('recv', enc(message))

    def take(self):
        sent, self.sent = self.sent, []
        return sent

    def happened(self):
        events, self.events = self.events, []
        return events

    def state(self):
        """The answer to `state` as a dict; the conversation's state under 'is'."""
        line = next(a for a in self.do('state') if a.startswith('state '))
        words = line.split()[1:]
        return {'is': words[0], **dict(w.split('=', 1) for w in words[1:])}

    def caps(self):
        answers = self.do('caps')
        return set(next(a for a in answers if a.startswith('caps')).split()[1:])

    def close(self):
        try:
            self.process.stdin.write(b'quit\n')
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def carry(a, b, limit=400):
    """Carries everything both ways until silence. An exchange that never ends is an error."""
    while a.sent or b.sent:
        for source, target in ((a, b), (b, a)):
            for message in source.take():
                target.recv(message)
                limit -= 1
                if limit < 0:
                    raise DriverError('no silence: the two keep answering each other')


TYPES = {0x02: 'D-H-COMMIT', 0x03: 'DATA', 0x0a: 'D-H-KEY', 0x11: 'REVEAL-SIGNATURE', 0x12: 'SIGNATURE',
         0x35: 'IDENTITY', 0x36: 'AUTH-R', 0x37: 'AUTH-I'}


def describe(message):
    """The kind of a message as text, without its key material."""
    if message.startswith(b'?OTR|') or message.startswith(b'?OTR,'):
        return 'piece ' + ','.join(message.decode().split(',')[1:3])
    if message.startswith(b'?OTR Error:'):
        return message.decode()
    if message.startswith(b'?OTR:'):
        raw = base64.b64decode(message[5:].rstrip(b'.'))
        version, kind = int.from_bytes(raw[:2], 'big'), raw[2]
        name = 'KEY-EXCHANGE' if version == 1 and kind == 0x0a else TYPES.get(kind, f'type {kind:02x}')
        return f'v{version} {name}'
    if query := re.match(rb'\?OTR\??(v[^?]*\?)?', message):
        return 'query ' + query.group(0).decode()
    return 'plain text'


def tags(message):
    """Sender and receiver instance tag of a version 3 message, or None."""
    raw = base64.b64decode(message[5:].rstrip(b'.')) if message.startswith(b'?OTR:') else b''
    if raw[:2] != b'\0\3':
        return None
    return int.from_bytes(raw[3:7], 'big'), int.from_bytes(raw[7:11], 'big')


def commit_hash(message):
    """What two exchanges that cross are compared by: the hash of g^x that a D-H Commit carries, or that of the D-H key
    in an Identity message."""
    raw = base64.b64decode(message[5:].rstrip(b'.'))
    if raw[:2] == b'\0\4':
        at = after_profile(raw, 11) + 57
        return hashlib.shake_256(raw[at:at + 4 + int.from_bytes(raw[at:at + 4], 'big')]).digest(32)
    at = 11 if raw[:2] == b'\0\3' else 3
    at += 4 + int.from_bytes(raw[at:at + 4], 'big')
    return raw[at + 4:at + 4 + 32]


def after_profile(raw, at):
    """Where a client profile without a key of older versions ends that begins here."""
    sizes = {1: 4, 2: 59, 3: 59, 5: 8}
    fields = int.from_bytes(raw[at:at + 4], 'big')
    at += 4
    for _ in range(fields):
        kind = int.from_bytes(raw[at:at + 2], 'big')
        at += 2
        at += sizes[kind] if kind in sizes else 4 + int.from_bytes(raw[at:at + 4], 'big')
    return at + 114
