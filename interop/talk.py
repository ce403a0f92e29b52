"""A carrier between our side and a peer's side, with one or more devices on each."""
import os
from collections import deque

import harness
from harness import BUILD, DriverError, Peer, dec, enc

OURS = 'ours'
harness.COMMANDS[OURS] = [f'{BUILD}/ours/debug/interop-ours']
NAMES = {OURS: ('alice', 'bob')}
TAGS = {True: ('0000a001', '0000a002', '0000a003'), False: ('0000b001', '0000b002', '0000b003')}
# Peers that lose one key exchange in sixteen by themselves; their driver mends that, so that the rest can be judged.
REPAIR = {'otrjs': 'yes'}
ANSWER_WITHIN = 60
LONGEST_EXCHANGE = 20000
# What our side never says in a conversation in which nothing goes wrong.
ALARMS = ('unreadable', 'error', 'note missed', 'note refused', 'note unencrypted', 'note reflected', 'note knock',
          'note another-key', 'other-instance', 'smp-cheated')


class Broken(Exception):
    """A promise that was not kept."""


class Cannot(Exception):
    """Something the peer, or the protocol version, does not have."""


def need(truth, *words):
    if not truth:
        raise Broken(' '.join(str(w) for w in words))


def key_file(kind, me):
    os.makedirs(f'{BUILD}/keys', exist_ok=True)
    return f'{BUILD}/keys/{kind}-{me}'


class Talk:
    """One conversation. `ours` and `peers` are the devices of the two sides, `o` and `p` the first of each.

    What one end sends goes to every device of the other side, and each of them gets everything in the order in which
    it was sent; between several devices `turns` may choose who gets its next message first."""

    def __init__(self, kind, version, starter=OURS, devices=(1, 1), **options):
        self.kind, self.version, self.starter_name = kind, version, starter
        self.ends, self.roads, self.carried, self.private = [], {}, [], []
        self.count, self.last, self.longest, self.started = 0, None, 0, 0
        try:
            self.ours = [self.open(OURS, True, i, options) for i in range(devices[0])]
            self.peers = [self.open(kind, False, i, options) for i in range(devices[1])]
            self.o, self.p = self.ours[0], self.peers[0]
            self.x, self.y = (self.o, self.p) if starter == OURS else (self.p, self.o)
            answers = self.p.do('caps')
        except BaseException:
            self.close()
            raise
        self.caps = set(next(a for a in answers if a.startswith('caps ')).split()[1:])
        lines = [a.split(' ', 2) for a in answers if a.startswith('cannot ')]
        self.cannot = {words[1]: (words + [''])[2] for words in lines}

    def open(self, kind, is_ours, number, options):
        me, you = ('alice', 'bob') if is_ours else ('bob', 'alice')
        end = Peer(kind, me, you, timeout=ANSWER_WITHIN, versions=self.version, instance=TAGS[is_ours][number],
                   keyfile=key_file(kind, me), repair=REPAIR.get(kind), **options)
        end.alarms, end.number = [], number
        self.ends.append(end)
        self.roads[end] = deque()
        return end

    def close(self):
        while self.ends:
            self.ends.pop().close()

    def side(self, end):
        return self.ours if end in self.ours else self.peers

    def others(self, end):
        return self.peers if end in self.ours else self.ours

    def other(self, end):
        return self.others(end)[0]

    # What the peer is able to do

    def must(self, word):
        if word not in self.caps:
            raise Cannot(self.cannot.get(word, f'the driver does not list {word}'))

    def unless(self, word):
        if word in self.cannot:
            raise Cannot(self.cannot[word])

    def since(self, version, what):
        if self.version < version:
            raise Cannot(f'the text of version {self.version} has no {what}')

    # Carrying

    def do(self, end, *words):
        """One command at one end; what it sends waits on the roads. A peer that throws is a finding."""
        answers = end.do(*words)
        for answer in answers:
            need(not answer.startswith('refused panic'), end.kind, 'after', words[0], answer)
        if end in self.ours:
            told = [e for e in end.events if e.startswith(ALARMS)]
            end.alarms += told
        for message in end.take():
            self.carried.append((end, message))
            # Few peers cut their query; everything else has to fit.
            if message.startswith((b'?OTR:', b'?OTR|', b'?OTR,')):
                self.longest = max(self.longest, len(message))
            self.last = end
            for receiver in self.others(end):
                self.count += 1
                self.roads[receiver].append((self.count, message))
        return answers

    def hand(self, end, message):
        """Gives an end a message that nobody sent."""
        return self.do(end, 'recv', enc(message))

    def carry(self, turns=None):
        """Delivers until silence, the oldest message first or as `turns` chooses among the ends that wait."""
        for _ in range(LONGEST_EXCHANGE):
            waiting = [end for end in self.ends if self.roads[end]]
            if not waiting:
                return
            end = turns(waiting) if turns else min(waiting, key=lambda e: self.roads[e][0][0])
            self.hand(end, self.roads[end].popleft()[1])
        raise DriverError('no silence: the two keep answering each other')

    def forget(self):
        for end in self.ends:
            end.happened()
            end.texts.clear()
            end.clear.clear()
            end.alarms.clear()

    def calm(self):
        """Nothing out of the ordinary was told on our side."""
        for end in self.ours:
            need(not end.alarms, 'ours was told', end.alarms)

    # What people do

    def turn(self, end):
        """For a peer that loses a conversation in which somebody speaks twice and is answered: the other one first."""
        if 'burst-then-turn' in self.cannot and self.last is end:
            self.say(self.other(end), '«ö»')

    def speak(self, end, text):
        """Says a private text without waiting for it to be carried."""
        self.private.append(text.encode())
        answers = self.do(end, 'say', enc(text))
        need(not any(a.startswith(('refused', 'cannot')) for a in answers), end.kind, 'does not say it:', answers)

    def say(self, end, text, reader=None):
        """Says a private text; exactly one device reads it, and nobody reads anything else."""
        reader = reader or self.other(end)
        self.speak(end, text)
        self.carry()
        for device in self.ends:
            expected = [text.encode()] if device is reader and text else []
            need(device.texts == expected, device.kind, device.number, 'reads', shown(device.texts), 'instead of',
                 shown(expected))
            need(not device.clear, device.kind, 'reads in the clear', shown(device.clear))
            device.texts.clear()

    def secret(self, text):
        """Notes words that are private as well, and returns them for the line protocol."""
        self.private.append(text.encode())
        return enc(text)

    def instance(self, end):
        """The instance tag an end goes by, as our side has it."""
        lines = [a for a in self.do(end, 'state') if a.startswith('instance ')]
        return next(word.split('=')[1] for word in lines[0].split() if word.startswith('ours='))


def shown(texts):
    return str([t[:40].decode(errors='replace') for t in texts])[:120]
