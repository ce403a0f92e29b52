"""One person with two devices: only version 3 can tell them apart."""
import steps
import words
from talk import need


def two_devices(t):
    t.since('3', 'instance tags')


def both_devices_of_ours(t):
    """The peer talks with both devices, and each reads what is meant for it."""
    two_devices(t)
    t.must('to')
    t.do(t.x, 'start')
    t.carry()
    for device in t.ours:
        t.do(t.p, 'to', t.instance(device))
        agree(device, t.p)
    t.forget()
    for round_ in range(3):
        for device in t.ours:
            t.say(device, words.numbered(round_))
            t.do(t.p, 'to', t.instance(device))
            t.say(t.p, words.numbered(round_ + 10), reader=device)
    only_for_one_device(t.ours)
    for device in t.ours:
        t.do(t.p, 'to', t.instance(device))
        t.do(device, 'smp', t.secret(steps.SECRET))
        t.carry()
        need(steps.told(t.p, 'smp-asked'), 'the peer was not asked by device', device.number)
        t.do(t.p, 'answer', t.secret(steps.SECRET))
        t.carry()
        need(steps.told(device, 'smp-success'), 'device', device.number, 'tells', device.events)
    first, second = t.ours
    t.do(first, 'end')
    t.carry()
    t.do(t.p, 'to', t.instance(second))
    t.say(t.p, words.numbered(20), reader=second)
    t.say(second, words.numbered(21))


def second_device_of_ours_listens(t):
    """Two devices are logged in, one peer that knows only one: one conversation, undisturbed."""
    two_devices(t)
    t.do(t.x, 'start')
    t.carry()
    here = t.p.state()
    need(here['is'] == 'encrypted', 'the peer is', here)
    device = next((end for end in t.ours if end.state()['ssid'] == here['ssid']), None)
    need(device, 'no device of ours shares the session of the peer')
    t.forget()
    for number in range(5):
        t.say(device, words.numbered(number))
        t.say(t.p, words.numbered(number + 10), reader=device)
    only_for_one_device(t.ours)


def only_for_one_device(ours):
    for device in ours:
        strange = [alarm for alarm in device.alarms if alarm != 'other-instance']
        need(not strange, 'device', device.number, 'of ours was told', strange)
        device.alarms.clear()


def both_devices_of_peer(t):
    """Our side talks with two devices of the peer side by side."""
    two_devices(t)
    if t.x is t.o:
        t.do(t.o, 'start')
    else:
        for device in t.peers:
            t.do(device, 'start')
            if 'newer-commit' in t.cannot:
                t.carry()
    t.carry()
    for device in t.peers:
        t.do(t.o, 'to', t.instance(device))
        agree(t.o, device)
    t.calm()
    t.forget()
    for round_ in range(3):
        for device in t.peers:
            t.do(t.o, 'to', t.instance(device))
            t.say(t.o, words.numbered(round_), reader=device)
            t.say(device, words.numbered(round_ + 10))
    if 'smp' in t.caps:
        two_comparisons_at_once(t)
    first, second = t.peers
    t.do(first, 'end')
    t.carry()
    need(steps.told(t.o, 'finished'), 'ours is not told the end')
    t.do(t.o, 'to', t.instance(first))
    need('refused finished' in t.do(t.o, 'say', t.secret('zü späť')), 'ours speaks after the end')
    t.do(t.o, 'to', 'best')
    t.say(t.o, words.numbered(20), reader=second)
    t.say(second, words.numbered(21))
    t.calm()


def two_comparisons_at_once(t):
    """A shared secret compared with both devices at the same time."""
    for device in t.peers:
        t.do(t.o, 'to', t.instance(device))
        t.do(t.o, 'smp', t.secret(steps.SECRET))
    t.carry()
    for device in t.peers:
        need(steps.told(device, 'smp-asked'), 'device', device.number, 'was not asked')
        t.do(device, 'answer', t.secret(steps.SECRET))
    t.carry()
    for device in t.peers:
        need(steps.told(device, 'smp-success'), 'device', device.number, 'tells', device.events)
    need(t.o.events.count('smp-success') == 2, 'ours tells', t.o.events)


def agree(one, two):
    """The two ends share a session, seen from the recipients they have chosen."""
    a, b = one.state(), two.state()
    need(a['is'] == b['is'] == 'encrypted', one.kind, one.number, a['is'], two.kind, two.number, b['is'])
    need(a['ssid'] == b['ssid'] != '-', 'session ids differ:', a['ssid'], b['ssid'])
