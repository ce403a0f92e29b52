"""What is done in a conversation between our library and a peer. Each step takes the Talk it belongs to and raises
Broken for a promise that was not kept, Cannot for something that peer or version does not have."""
from harness import enc

import words
from talk import Cannot, need

USE = '00000001'
SECRET, ALMOST = 'öffné dïch', 'öffné dïçh'


def told(end, event):
    """Whether an event happened at an end since it was last asked; the other events stay."""
    if event in end.events:
        end.events.remove(event)
        return True
    return False


def both_private(t, event='encrypted'):
    """Both ends are private, of the right version, and agree on everything a person can compare."""
    for end in (t.o, t.p):
        # Some peers report a refresh as a new start.
        known = event in end.events or (end is t.p and 'refresh-told' in t.cannot and 'encrypted' in end.events)
        need(known, end.kind, 'has not told', event, end.events)
    one, two = t.o.state(), t.p.state()
    need(one['is'] == two['is'] == 'encrypted', 'states', one, two)
    need(one['version'] == two['version'] == t.version, 'versions', one['version'], two['version'])
    need(one['ssid'] == two['ssid'] != '-', 'session ids differ:', one['ssid'], two['ssid'])
    need(one['theirs'] == two['ours'], 'ours sees another fingerprint than the peer has')
    need(two['theirs'] in ('-', one['ours']), 'the peer sees another fingerprint than ours')
    t.started += 1
    tells = 'half' not in t.cannot and not ('half-again' in t.cannot and t.started > 1)
    if tells:
        need({one['half'], two['half']} == {'first', 'second'}, 'halves', one['half'], two['half'])
    t.calm()
    t.forget()
    return one['ssid']


def start_by_query(t):
    t.do(t.x, 'start')
    t.carry()
    both_private(t)


def start_by_tag(t):
    t.do(t.x, 'say', enc('hello there'))
    t.carry()
    need([c.strip() for c in t.y.clear] == [b'hello there'], t.y.kind, 'reads', t.y.clear)
    if t.y is t.o:
        need(t.y.clear == [b'hello there'], 'the tag is not taken out:', t.y.clear)
    both_private(t)
    some_texts(t)


def some_texts(t):
    for number in range(2):
        for end in (t.x, t.y):
            t.turn(end)
            t.say(end, words.numbered(number))


def texts(t):
    for number in range(t.texts):
        for end in (t.x, t.y):
            t.turn(end)
            short = end is t.p and 'short-texts' in t.cannot
            t.say(end, words.numbered(number) if short else words.nth(number))
    t.calm()


def empty_text(t):
    """Nobody is shown anything, and the conversation goes on."""
    t.turn(t.o)
    t.say(t.o, '')
    t.say(t.p, words.numbered(1))
    t.unless('short-texts')
    t.turn(t.p)
    t.say(t.p, '')
    t.turn(t.p)
    t.say(t.p, words.numbered(1))
    t.calm()


def bursts(t):
    start_by_query(t)
    for length in (2, 3, t.texts // 10 + 2, 1, 5):
        for end in (t.x, t.y):
            for number in range(length):
                t.say(end, words.nth(number))
    t.calm()


def crossing(t):
    """Both speak before either has read anything: every pair of neighbouring keys comes to be used."""
    start_by_query(t)
    for number in range(t.texts // 5):
        said = {t.x: [], t.y: []}
        for end, count in ((t.x, number % 3 + 1), (t.y, number % 2 + 1)):
            for i in range(count):
                said[end].append(words.numbered(10 * number + i))
                t.speak(end, said[end][-1])
        t.carry()
        for end in (t.x, t.y):
            expected = [text.encode() for text in said[t.other(end)]]
            need(end.texts == expected, end.kind, 'reads', end.texts, 'instead of', expected)
            end.texts.clear()
    t.calm()


def large_texts(t):
    for number, end in enumerate((t.x, t.y)):
        t.turn(end)
        t.say(end, words.large(number))
    t.calm()


def ask(t, asker, secret, question=None):
    t.since('2', "socialist millionaires' protocol")
    t.must('smp')
    t.turn(asker)
    t.forget()
    answerer = t.other(asker)
    t.do(asker, 'smp', t.secret(secret), *([t.secret(question)] if question else []))
    t.carry()
    need(told(answerer, f'smp-asked {enc(question)}' if question else 'smp-asked'), answerer.kind, 'was not asked:',
         answerer.events)
    return answerer


def compare(t, asker, secrets, question=None):
    """One comparison; the events of the two ends, ours first."""
    answerer = ask(t, asker, secrets[0], question)
    t.do(answerer, 'answer', t.secret(secrets[1]))
    t.carry()
    return [{e for e in end.happened() if e.startswith('smp')} for end in (t.o, t.p)]


def smp_equal(t, question=None):
    for asker in t.askers:
        smp_once(t, asker, question)


def smp_once(t, asker, question=None):
    ours, theirs = compare(t, asker, (SECRET, SECRET), question)
    need(ours == {'smp-success'}, asker.kind, 'asks, ours tells', ours)
    need(theirs == {'smp-success'}, asker.kind, 'asks, the peer tells', theirs)
    need(t.o.state()['trust'] == 'smp', 'ours does not note the success')
    t.calm()


def smp_question(t):
    t.must('question')
    smp_equal(t, '«Wïe hëißt dïe Fé?»')


def smp_unequal(t):
    for asker in t.askers:
        for events in compare(t, asker, (SECRET, ALMOST)):
            need(events and events <= {'smp-failure', 'smp-aborted'}, asker.kind, 'asks, the ends tell', events)
    t.calm()


def smp_aborted_by(t, aborter):
    if aborter is t.p:
        t.must('abort')
    for asker in t.askers:
        if asker is aborter is t.o and 'smp-waits' in t.cannot:
            continue
        ask(t, asker, SECRET)
        other = t.other(aborter)
        t.do(aborter, 'abort')
        t.carry()
        seen = {e for e in other.happened() if e.startswith('smp')}
        if aborter is not asker and aborter is t.p and 'smp-declines' in t.cannot:
            need(not seen, 'the peer is said to decline in silence, ours tells', seen)
            # Whoever waits in vain gives up, and may ask anew.
            t.do(asker, 'abort')
            t.carry()
            t.forget()
            continue
        need(seen and seen <= {'smp-aborted', 'smp-failure'}, asker.kind, 'asks,', aborter.kind, 'aborts,',
             other.kind, 'tells', seen)
        t.forget()
    smp_once(t, t.x)


def smp_aborted_by_ours(t):
    smp_aborted_by(t, t.o)


def smp_aborted_by_peer(t):
    smp_aborted_by(t, t.p)


def extra_key(t):
    t.since('3', 'extra symmetric key')
    t.must('extrakey')
    for end in (t.x, t.y):
        t.turn(end)
        t.forget()
        reader, data = t.other(end), '«Fötö·jpg»'
        answers = t.do(end, 'extrakey', USE, t.secret(data))
        key = next((a.split()[1] for a in answers if a.startswith('extrakey ')), '')
        need(len(key) == (128 if t.version == '4' else 64), end.kind, 'answers', answers)
        t.carry()
        need(f'extrakey {USE} {enc(data)} {key}' in reader.events, reader.kind, 'has another key:', reader.events)
    t.calm()


def heartbeat(t):
    for end in (t.x, t.y):
        if end is t.p and 'heartbeat' not in t.caps:
            continue
        reader = t.other(end)
        t.turn(end)
        t.forget()
        before = t.count
        t.do(end, 'heartbeat')
        need(t.count > before, end.kind, 'sends nothing')
        t.carry()
        need(not reader.texts, reader.kind, 'shows it as text')
        if reader is t.o or 'heartbeat-seen' not in t.cannot:
            need('heartbeat' in reader.events, reader.kind, 'has not seen it')
        t.turn(reader)
        t.say(reader, words.numbered(3))
    t.calm()
    if 'heartbeat' not in t.caps:
        raise Cannot(f'{t.cannot.get("heartbeat", "it sends none")} (it takes ours)')


def heartbeat_after_silence(t):
    """An end that has sent nothing for a minute answers a text by a heartbeat."""
    for end in (t.o, t.p):
        if end is t.p and 'heartbeat-due' not in t.caps:
            continue
        other = t.other(end)
        t.turn(other)
        t.forget()
        t.do(end, 'heartbeat', 'due')
        t.say(other, words.numbered(2))
        if other is t.o or 'heartbeat-seen' not in t.cannot:
            need('heartbeat' in other.events, end.kind, 'is not heard after a silence')
    t.calm()


def may_refresh(t, asker):
    t.must('refresh-answer' if asker is t.o else 'refresh-ask')


def refresh_by(t, asker):
    may_refresh(t, asker)
    before = t.o.state()['ssid']
    t.turn(asker)
    t.forget()
    t.do(asker, 'start')
    t.carry()
    need(both_private(t, 'refreshed') != before, 'the session id is the old one')
    some_texts(t)
    if 'smp-after-refresh' not in t.cannot and t.version != '1':
        smp_once(t, asker)


def refresh_by_ours(t):
    refresh_by(t, t.o)


def refresh_by_peer(t):
    refresh_by(t, t.p)


def texts_under_way(t):
    """Texts that are under way when a refresh begins are read with the old keys."""
    asker = t.x
    may_refresh(t, asker)
    t.unless('burst-then-turn')
    if asker is t.o:
        t.unless('refresh-texts')
    other = t.other(asker)
    t.forget()
    t.do(asker, 'start')
    t.speak(asker, words.numbered(1))
    t.speak(other, words.numbered(2))
    t.carry()
    need(asker.texts == [words.numbered(2).encode()], asker.kind, 'reads', asker.texts)
    need(other.texts == [words.numbered(1).encode()], other.kind, 'reads', other.texts)
    both_private(t, 'refreshed')
    some_texts(t)


def end_by(t, ender):
    """One end goes; the other is told, sends nothing until it has noticed, and then speaks in the clear."""
    other = t.other(ender)
    t.turn(ender)
    t.forget()
    t.do(ender, 'end')
    t.carry()
    need(told(other, 'finished'), other.kind, 'has not told the end:', other.events)
    states = ender.state()['is'], other.state()['is']
    need(states == ('plaintext', 'finished'), ender.kind, 'ends:', states)
    before = t.count
    answers = t.do(other, 'say', t.secret('zü späť'))
    need('refused finished' in answers, other.kind, 'answers', answers)
    need(t.count == before, other.kind, 'sends a text after the end')
    t.calm()


def end(t):
    end_by(t, t.x)
    t.do(t.y, 'end')
    need(t.y.state()['is'] == 'plaintext', t.y.state())
    t.carry()
    t.forget()
    for speaker in (t.y, t.x):
        t.do(speaker, 'say', enc('spoken in public'))
        t.carry()
        reader = t.other(speaker)
        need(reader.clear == [b'spoken in public'], reader.kind, 'reads', reader.clear)
        reader.clear.clear()
    t.calm()


def end_by_the_other(t):
    """Starts again, is ended by the other side, and starts again out of the finished state."""
    start_again(t)
    end_by(t, t.y)
    t.forget()
    start_again(t)
    some_texts(t)


def start_again(t):
    """The one who did not start at first asks, if its keys survive that."""
    asker = t.y if t.y is t.o or 'refresh-ask' in t.caps else t.x
    t.do(t.p if 'second-query' in t.cannot else asker, 'start')
    t.carry()
    both_private(t)


def plain_pieces(t, limit):
    """Everything in pieces, none of them longer than the carrier takes."""
    start_by_query(t)
    some_texts(t)
    if t.version != '1':
        smp_once(t, t.x)
    need(t.longest <= limit, 'a piece of', t.longest, 'bytes')


def large_in_pieces(t, limit):
    large_texts(t)
    need(t.longest <= limit, 'a piece of', t.longest, 'bytes')
