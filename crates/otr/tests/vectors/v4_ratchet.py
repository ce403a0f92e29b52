#!/usr/bin/env python3
"""Prints v4_ratchet.txt: two people under the plain Python reference of the protocol, through fourteen turns of the
ratchet, with gaps and late messages. The draws of randomness follow the rule of v4_run.txt.

    v4_ratchet.py REFERENCE > v4_ratchet.txt

REFERENCE is the folder of otr4_ref.py.
"""
import sys

sys.path.insert(0, sys.argv[1])
import otr4_ref as ref


def main():
    alice = ref.Party("alice@example", "bob@example", b"ratchet-alice")
    bob = ref.Party("bob@example", "alice@example", b"ratchet-bob")
    print("# A run of two people with gaps and late messages, printed by v4_ratchet.py: what is sent, and what is then read.")
    bob.start()
    ref.pump(alice, bob)
    print("K =", alice.k.hex())
    print("tags = %08x %08x" % (alice.tag, bob.tag))
    held = []
    for turn in range(14):
        sender, receiver, name = ((alice, bob, "alice"), (bob, alice, "bob"))[turn % 2]
        sent = []
        for number in range(3 + turn % 3):
            text = "%s %d.%d" % (name, turn, number)
            sender.say(text)
            sent.append((text, sender.out.pop()))
            print("send %s = %s" % (text, sent[-1][1]))
        # The second to last stays under way for three turns, the rest comes backwards.
        late = sent.pop(-2)
        for text, message in reversed(sent):
            receiver.recv(message)
            assert receiver.ev.pop() == "got " + text
            print("read %s" % text)
        held.append((receiver, late))
        if len(held) > 3:
            person, (text, message) = held.pop(0)
            person.recv(message)
            assert person.ev.pop() == "got " + text
            print("read %s" % text)


main()
