"""One end of a conversation spoken by the reference in `otr4.py`, driven line by line (see ../../PROTOCOL.md)."""
import re
import sys

from otr4 import Party

CAPS = '''caps v4 query simultaneous smp question abort extrakey heartbeat heartbeat-now end refresh-ask refresh-answer \
state-ssid
cannot v3 it is a reference of version 4
cannot tag it knows queries only
cannot heartbeat-due it never sends heartbeats by itself
cannot fragment it has no pieces
cannot instances it goes on with the instance that spoke last
cannot keyfile its keys are made at every start'''


def hexed(data):
    return data.hex() or '-'


def unhexed(word):
    return b'' if word == '-' else bytes.fromhex(word)


class Driver:
    def __init__(self, me, peer, options):
        self.party, self.state, self.trust = Party(me, peer, int(options.get('instance', '0'), 16)), 'plaintext', '-'
        self.speaks = '4' in options.get('versions', '4')

    def obey(self, command, *arguments):
        """The answer lines of one command."""
        party, lines = self.party, []
        try:
            lines += getattr(self, 'do_' + command.replace('-', '_'), self.unknown)(*arguments) or []
        except (AssertionError, ValueError, IndexError, KeyError) as why:
            lines.append(f'event unreadable {type(why).__name__} {why}' if command == 'recv' else f'refused {why!r}')
        lines += [line for event in party.ev for line in self.told(*event)]
        lines += ['wire ' + hexed(message.encode()) for message in party.out]
        party.ev.clear()
        party.out.clear()
        return lines

    def told(self, kind, *what):
        if kind == 'started':
            refreshed, self.state = self.state == 'encrypted', 'encrypted'
            yield 'event refreshed' if refreshed else 'event encrypted'
        elif kind == 'text':
            yield 'text ' + hexed(what[0]) if what[0] else 'event heartbeat'
        elif kind == 'extrakey':
            yield f'event extrakey {what[0].hex()} {hexed(what[1])} {what[2].hex()}'
        elif kind == 'asked':
            yield 'event smp-asked' + (' ' + hexed(what[0]) if what[0] else '')
        elif kind == 'compared':
            self.trust = 'smp' if what[0] else '-'
            yield 'event smp-success' if what[0] else 'event smp-failure'
        elif kind == 'aborted':
            yield 'event smp-aborted'
        elif kind == 'ended':
            self.state = 'finished'
            yield 'event finished'

    def private(self):
        if self.state != 'encrypted':
            raise ValueError('not private')
        return self.party

    def unknown(self, *_):
        return ['cannot command no such call']

    def do_caps(self):
        return CAPS.splitlines()

    def do_tick(self):
        return []

    def do_start(self):
        return ['wire ' + b'?OTRv4?'.hex()]

    def do_say(self, text):
        if self.state == 'finished':
            return ['refused finished']
        if self.state == 'plaintext':
            return ['wire ' + text]
        self.party.say(unhexed(text))
        return []

    def do_recv(self, message):
        message = unhexed(message)
        if message.startswith(b'?OTR Error:'):
            return ['event error ' + hexed(message[11:].strip())]
        if message.startswith(b'?OTR:'):
            self.party.recv(message.decode())
        elif query := re.match(rb'\?OTR\??v([^?]*)\?', message):
            if b'4' in query[1] and self.speaks:
                self.party.start()
        else:
            return ['clear ' + hexed(message)]
        return []

    def do_smp(self, secret, question='-'):
        self.private().smp_start(unhexed(secret), unhexed(question))

    def do_answer(self, secret):
        self.private().smp_answer(unhexed(secret))

    def do_abort(self):
        self.private().smp_abort()

    def do_extrakey(self, use, value):
        return ['extrakey ' + self.private().extra_key(bytes.fromhex(use), unhexed(value)).hex()]

    def do_heartbeat(self, due=''):
        if due:
            return ['cannot heartbeat it never sends heartbeats by itself']
        self.private().say(b'', flags=1)
        return []

    def do_end(self):
        if self.state == 'encrypted':
            self.party.end()
        self.state = 'plaintext'

    def do_state(self):
        party, private = self.party, self.state == 'encrypted'
        ssid, half = ('-', '-') if not private else (party.ssid.hex(), 'first' if party.alice else 'second')
        theirs, version = (party.them.hex(), 4) if private else ('-', 0)
        return [f'state {self.state} version={version} ssid={ssid} half={half} ours={party.fingerprint().hex()} '
                f'theirs={theirs} trust={self.trust} auth=-']


def main():
    me, peer, *words = sys.argv[1:]
    driver = Driver(me, peer, dict(word.split('=', 1) for word in words))
    for line in sys.stdin:
        if line.strip() == 'quit':
            return
        for answer in driver.obey(*line.split()):
            print(answer)
        print('done', flush=True)


main()
