#!/usr/bin/env python3
"""Prints v4_smp.txt: one comparison of equal secrets under the plain Python reference of the protocol. Each person draws
by the rule of v4_run.txt, with the seeds 'smp-alice' and 'smp-bob', from the first number of the comparison on.

    v4_smp.py REFERENCE > v4_smp.txt

REFERENCE is the folder of otr4_ref.py.
"""
import sys

sys.path.insert(0, sys.argv[1])
import otr4_ref as ref


def main():
    alice = ref.Party("alice@example", "bob@example", b"smp-setup-alice")
    bob = ref.Party("bob@example", "alice@example", b"smp-setup-bob")
    bob.start()
    ref.pump(alice, bob)
    print("# One comparison of equal secrets: the values of the records, printed by v4_smp.py.")
    print("alice =", alice.us.hex())
    print("bob =", alice.them.hex())
    print("ssid =", alice.ssid.hex())
    print("words = sesame")
    print("question = open?")
    print("secret =", ref.sc(alice.secret(alice.us, alice.them, "sesame")).hex())
    alice.r, bob.r = ref.Rng(b"smp-alice"), ref.Rng(b"smp-bob")
    sent = []
    for person in (alice, bob):
        person.answer = "sesame"
        person.send_tlv = lambda kind, value: sent.append((kind, value))
    alice.smp_start("sesame", "open?")
    for number in range(1, 5):
        kind, value = sent.pop()
        print("smp%d = %02x %s" % (number, kind, value.hex()))
        (alice, bob)[number % 2].tlv(kind, value)
    assert alice.ev.pop() == "smp True" and bob.ev.pop() == "smp True"


main()
