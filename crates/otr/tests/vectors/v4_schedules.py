#!/usr/bin/env python3
"""Prints v4_schedules.txt: random schedules between two people under the plain Python reference of the protocol, with
reordering and loss. Each line is a schedule: the shared secret of the exchange, what happened, and the SHA-256 of all
messages in the order in which they were written.

    A, B     Alice or Bob writes a message: its number, counted from 0 over both
    aN, bN   Alice or Bob reads the message N
    (what nobody reads is lost)

Alice's draws follow the rule of v4_run.txt with the seed 'schedule-alice-' and the number of the schedule, from the first
keys of her ratchet on; Bob's likewise.

    v4_schedules.py REFERENCE > v4_schedules.txt

REFERENCE is the folder of otr4_ref.py.
"""
import hashlib
import random
import sys

sys.path.insert(0, sys.argv[1])
import otr4_ref as ref

SCHEDULES = 100
STEPS = 50


def main():
    dice = random.Random(4)
    alice = ref.Party("alice@example", "bob@example", b"setup-alice")
    bob = ref.Party("bob@example", "alice@example", b"setup-bob")
    alice.tag, bob.tag = 0x1111, 0x2222
    alice.ptag, bob.ptag = bob.tag, alice.tag
    print("# Random schedules with reordering and loss, printed by v4_schedules.py, which says how to read them.")
    for number in range(SCHEDULES):
        secret = dice.randbytes(64)
        both = (alice, bob)
        for person, name in zip(both, ("alice", "bob")):
            person.r = ref.Rng(b"schedule-%s-%d" % (name.encode(), number))
            person.e0, person.d0, person.k = ref.Ec(person.r), ref.Dh(person.r), secret
            person.skipped, person.macs = {}, []
        profile = {2: alice.h.pub, 3: alice.f.pub}
        firsts = [(person.e0.pub, person.d0.pub) for person in both]
        alice.init(profile, *firsts[1], sending=True)
        bob.init(profile, *firsts[0], sending=False)
        bob.rotate_send()
        written, under_way, actions = [], ([], []), []
        digest = hashlib.sha256()
        for _ in range(STEPS):
            person = dice.randrange(2)
            if dice.random() < 0.45 or not under_way[person]:
                both[person].say(str(len(written)))
                message = both[person].out.pop()
                digest.update(message.encode())
                under_way[1 - person].append(len(written))
                written.append(message)
                actions.append("AB"[person])
                continue
            place = dice.randrange(len(under_way[person])) if dice.random() < 0.5 else 0
            chosen = under_way[person].pop(place)
            if dice.random() < 0.1:
                continue
            both[person].recv(written[chosen])
            assert both[person].ev.pop() == "got %d" % chosen
            actions.append("%s%d" % ("ab"[person], chosen))
        print("%s %s %s" % (secret.hex(), ",".join(actions), digest.hexdigest()))


main()
