"""Version 4 in any order: random schedules of who speaks when, and of what the network delivers late, twice or never."""
import words
from harness import dec, enc
from steps import USE, both_private
from talk import need

# Schedules between two key exchanges, and messages of earlier schedules that are still under way at most.
BETWEEN, STRAGGLERS = 20, 12
LONGEST = 16
# The clock of our side stands almost still between commands, and exchanges have a budget for each second.
SECONDS = 4


class Network:
    """What is under way to each end, as (message, the answers that it has to bring)."""

    def __init__(self, talk, rng):
        self.talk, self.rng, self.air, self.read = talk, rng, {talk.o: [], talk.p: []}, {talk.o: [], talk.p: []}
        self.count = dict(read=0, lost=0, copies=0, kept=0)

    def speak(self, end, number):
        """A text, or now and then a message that has none: an empty one, or one that announces the use of a key."""
        kind, text, talk = self.rng.random(), words.numbered(number), self.talk
        talk.private.append(text.encode())
        if kind < 0.8:
            brings = ['text ' + enc(text)]
            answers = talk.do(end, 'say', enc(text))
        elif kind < 0.9:
            brings = ['event heartbeat']
            answers = talk.do(end, 'heartbeat')
        else:
            answers = talk.do(end, 'extrakey', USE, enc(text))
            key = next((a.split()[1] for a in answers if a.startswith('extrakey ')), '')
            need(len(key) == 128, end.kind, 'answers', answers)
            brings = [f'event extrakey {USE} {enc(text)} {key}']
        sent = [dec(a.split()[1]) for a in answers if a.startswith('wire ')]
        need(len(sent) == 1, end.kind, 'sends', len(sent), 'messages:', answers)
        talk.roads[talk.other(end)].clear()
        self.air[talk.other(end)].append((sent[0], brings))

    def deliver(self, end):
        """Any of the messages that are under way to an end; they arrive in any order."""
        air = self.air[end]
        message, brings = air.pop(self.rng.randrange(len(air)))
        answers = self.talk.hand(end, message)
        told = [a for a in answers if a.startswith(('text ', 'event extrakey ', 'wire ', 'event unreadable'))]
        if brings == ['event heartbeat']:
            need('event heartbeat' in answers and not told, end.kind, 'reads an empty message as', answers)
        else:
            need(told == brings, end.kind, 'reads', answers, 'instead of', brings)
        self.read[end].append(message)
        self.count['read'] += 1

    def copy(self, end):
        """One that was read already, again: nothing is read, nobody is answered."""
        answers = self.talk.hand(end, self.rng.choice(self.read[end]))
        need(not any(a.startswith(('text ', 'event extrakey', 'event heartbeat', 'wire ')) for a in answers),
             end.kind, 'answers a copy by', answers)
        self.count['copies'] += 1

    def lose(self, end):
        self.air[end].pop(self.rng.randrange(len(self.air[end])))
        self.count['lost'] += 1

    def empty(self):
        """A new exchange: nothing that is under way has to be readable any more."""
        for end in self.air:
            self.count['kept'] += len(self.air[end])
            self.air[end].clear()
            self.read[end].clear()


def schedule(network, ends, number):
    """Up to sixteen steps; what is under way after that arrives in later ones, or never."""
    rng = network.rng
    for step in range(rng.randint(4, LONGEST)):
        end, what = rng.choice(ends), rng.random()
        if what < 0.5 or not network.air[end]:
            network.speak(end, number * LONGEST + step)
        elif what < 0.85:
            network.deliver(end)
        elif what < 0.93 or not network.read[end]:
            network.lose(end)
        else:
            network.copy(end)
    for end in ends:
        while len(network.air[end]) > STRAGGLERS:
            network.deliver(end)


def play(t, rng, count):
    """Begins, plays the schedules, and begins anew now and then; in the end everything is calm."""
    t.do(t.x, 'start')
    t.carry()
    both_private(t)
    network, ends = Network(t, rng), (t.o, t.p)
    for number in range(count):
        if number and number % BETWEEN == 0:
            network.empty()
            t.forget()
            for _ in range(SECONDS):
                t.do(t.o, 'tick')
            t.do(rng.choice(ends), 'start')
            t.carry()
            both_private(t, 'refreshed')
        schedule(network, ends, number)
        t.forget()
    for end in ends:
        t.say(end, words.numbered(number))
    return f'{count} schedules, ' + ', '.join(f'{n} {what}' for what, n in network.count.items())
