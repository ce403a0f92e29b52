"""Whether anything private stands in what was carried, as it was carried or inside its base64."""
import base64
import math

import words


def assembled(messages):
    """The whole messages of one sender, put together from pieces where they came in pieces."""
    stored = b''
    for message in messages:
        if message.startswith((b'?OTR|', b'?OTR,')):
            fields = message.split(b',', 3)
            if int(fields[1]) == 1:
                stored = b''
            stored += fields[3].rstrip(b',')
            if fields[1:3] and int(fields[1]) == int(fields[2]):
                yield stored
        else:
            yield message


def decoded(message):
    if not message.startswith(b'?OTR:'):
        return message
    return base64.b64decode(message[5:].split(b'.')[0])


def places(data, wanted):
    """Where in the data any of the wanted pieces stands."""
    found = set()
    for piece in wanted:
        at = data.find(piece)
        while at >= 0:
            found.add(at)
            at = data.find(piece, at + 1)
    return found


def by_chance(expected):
    """The number of chance hits that is exceeded once in a thousand million runs."""
    term = total = math.exp(-expected)
    count = 0
    while 1 - total > 1e-9:
        count += 1
        term *= expected / count
        total += term
    return count


def leaks(carried, private):
    """What was found, as words; empty if nothing was. `carried` is (end, message), in order."""
    wanted = set().union(*(words.pieces(text) for text in private)) if private else set()
    weak = [p for p in wanted if all(b in words.CARRIED for b in p)]
    if weak:
        return f'the check is blind: {weak[:3]} could be base64'
    for end in {end for end, _ in carried}:
        data = SEAM.join(message for sender, message in carried if sender is end)
        if hits := places(data, wanted):
            return f'{end.kind} sent {excerpt(data, hits)} in the clear'
    # Inside the base64 stand random bytes, in which four given ones turn up by chance once in 2^32 places.
    size, found = 0, 0
    for end in {end for end, _ in carried}:
        data = SEAM.join(map(decoded, assembled([message for sender, message in carried if sender is end])))
        hits = places(data, wanted)
        if any({at + 1, at + 2} <= hits for at in hits):
            return f'{end.kind} sent {excerpt(data, hits)} under base64'
        size, found = size + len(data), found + len(hits)
    if found > by_chance(size * len(wanted) / 2 ** 32):
        return f'{found} pieces of private texts under base64'
    return ''


def excerpt(data, hits):
    at = min(hits)
    return repr(data[at:at + 16])


# Stands between two messages; no private text holds it.
SEAM = b'\0'


def prove():
    """The check finds a text that leaks, however it is wrapped, and nothing where nothing is."""
    end, text = Sender('test'), words.numbered(7).encode()
    under = b'?OTR:' + base64.b64encode(b'\0\3\3' + text + b'behind') + b'.'
    cut = [b'?OTR,1,2,' + under[:20] + b',', b'?OTR,2,2,' + under[20:] + b',']
    still = b'?OTR:' + base64.b64encode(bytes(range(256)) * 40) + b'.'
    for carried, leaking in (([b'hi ' + text[3:9]], True), ([under], True), (cut, True), ([still, b'hi'], False)):
        if bool(leaks([(end, message) for message in carried], [text])) != leaking:
            raise AssertionError(f'the check of what was carried is wrong about {carried}')


class Sender:
    def __init__(self, kind):
        self.kind = kind
