"""What otrr is known to do wrong in version 4, and what ours does then. None of it may cost our side a conversation, a text
or its calm."""
import base64

import words
from harness import DriverError, describe
from steps import both_private, some_texts, start_by_query
from talk import need


def taken(t, end):
    """What is under way to an end, off the road."""
    messages = [message for _, message in t.roads[end]]
    t.roads[end].clear()
    return messages


def late_texts(t):
    """It keeps no keys: of texts that change places it reads the later one. Ours reads them all."""
    start_by_query(t)
    some_texts(t)
    read = {}
    for end in (t.p, t.o):
        said = [words.numbered(number) for number in range(3)]
        for text in said:
            t.speak(t.other(end), text)
        messages = taken(t, end)
        for number in (2, 0, 1):
            t.hand(end, messages[number])
        read[end] = [text.decode() for text in end.texts]
        need(said[2] in read[end], end.kind, 'has not read the last text, but', read[end])
        t.carry()
        t.forget()
        some_texts(t)
    need(sorted(read[t.o]) == [words.numbered(number) for number in range(3)], 'ours reads', read[t.o])
    return f'the peer reads {len(read[t.p])} of 3, ours 3'


def last_step_again(t):
    """It takes the last message of an exchange twice and begins to count anew: what it says then comes under numbers
    that were read, and is no text; ours goes on."""
    t.do(t.p, 'start')
    t.carry()
    both_private(t)
    auth_i = next(message for end, message in t.carried if end is t.o and describe(message).endswith('AUTH-I'))
    t.say(t.p, words.numbered(1))
    t.hand(t.p, auth_i)
    anew = 'refreshed' in t.p.happened()
    t.speak(t.p, words.numbered(2))
    t.carry()
    need(not t.o.texts if anew else t.o.texts, 'ours reads', t.o.texts)
    need(t.o.state()['is'] == 'encrypted', 'ours is', t.o.state())
    t.forget()
    t.say(t.p, words.numbered(3))
    t.say(t.o, words.numbered(4))
    some_texts(t)
    return 'the peer uses its first keys again; ours refuses the copy' if anew else 'the peer refuses it'


def second_query(t):
    """It answers one query only; the conversation that stands goes on."""
    t.do(t.o, 'start')
    t.carry()
    before = both_private(t)
    t.do(t.o, 'start')
    t.carry()
    need(t.o.state()['is'] == t.p.state()['is'] == 'encrypted', 'states', t.o.state(), t.p.state())
    anew = t.o.state()['ssid'] != before
    t.forget()
    some_texts(t)
    return 'the peer begins anew' if anew else 'the peer refuses'


def crashing(t, sender, receiver):
    """Inputs at which it panics or is ended, as if one end had sent them to the other: by name."""
    one, two = (bytes.fromhex(t.instance(end)) for end in (sender, receiver))
    armoured = {
        'Auth-I of zeros': b'\0\4\x37' + one + two + bytes(6 * 57),
        'a profile of 2^32-1 fields': b'\0\4\x35' + one + bytes(4) + b'\xff' * 4 + bytes(20),
    }
    pieces = b'?OTR|00000001|%s|%s,' % (one.hex().encode(), two.hex().encode())
    return {
        'piece 65536': pieces + b'65536,65537,abc,',
        'piece 99999': pieces + b'99999,99999,abc,',
        **{name: b'?OTR:' + base64.b64encode(raw) + b'.' for name, raw in armoured.items()},
    }


def crash_inputs(t):
    """Before the last step of an exchange, and in a conversation: ours refuses them, and takes what is genuine after them."""
    t.do(t.o, 'start')
    for end in (t.p, t.o):
        for message in taken(t, end):
            t.hand(end, message)
    need([describe(m) for m in [m for _, m in t.roads[t.p]]] == ['v4 AUTH-R'], 'ours has not answered by Auth-R')
    refuse_all(t)
    t.carry()
    t.o.alarms.clear()
    both_private(t)
    some_texts(t)
    t.speak(t.p, words.numbered(5))
    kept = taken(t, t.o)
    refuse_all(t)
    t.hand(t.o, kept[0])
    need(t.o.texts == [words.numbered(5).encode()], 'ours reads', t.o.texts)
    t.forget()
    some_texts(t)
    return '; '.join(f'{name}: the peer {fate(t, name, message)}' for name, message in crashing(t, t.o, t.p).items())


def refuse_all(t):
    before = t.o.state()
    for name, message in crashing(t, t.p, t.o).items():
        answers = t.hand(t.o, message)
        need(not any(a.startswith(('text', 'clear', 'event encrypted')) for a in answers), 'ours answers', name, answers)
        need(t.o.state() == before, 'ours is changed by', name)


def fate(t, name, message):
    """What the peer, in a process that is asked nothing more after it was ended, does at an input."""
    if t.p.process.poll() is not None:
        return 'is gone already'
    try:
        answers = t.p.recv(message)
    except DriverError:
        return 'is ended'
    return 'panics' if any(a.startswith('refused panic') for a in answers) else 'stands it'


FAULTS = (
    ('late texts', late_texts),
    ('last step of an exchange again', last_step_again),
    ('second query', second_query),
    ('inputs that end the peer', crash_inputs),
)
