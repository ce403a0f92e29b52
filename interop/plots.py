"""The conversations that are had with every peer in every version, each plot in a process (see `conversation`)."""
import random

import devices
import faults
import schedules
import steps
from harness import commit_hash, describe
from talk import OURS, Broken, Cannot, Talk, need
from wirecheck import leaks

LIMITS = (64, 200, 400)
MANY = 100
# Half of them in the job in which ours begins, half in the other.
SCHEDULES, FEW_SCHEDULES = 500, 25
AT_MOST_AT_ONCE, AT_LEAST_AT_ONCE = 12, 2
# Steps that are tried although the peer is known to break them: by the words that its driver may give the fault.
KNOWN = {'end by the other': ('start-again',), 'texts in a row': ('burst-then-turn',), 'texts that cross': ('burst-then-turn', 'late-texts'),
         'texts under way at a refresh': ('late-texts',),
         **{f'64 KiB in pieces of {limit}': ('fragment-64k',) for limit in LIMITS}}


class Scene:
    """One or more talks; when it closes, everything that they carried is looked through."""

    def __init__(self, step, name, kind, version, starter, texts, **options):
        self.step, self.name, self.kind, self.version, self.starter = step, name, kind, version, starter
        self.texts, self.options = texts, options
        self.talks, self.carried, self.private = [], [], []
        self.going = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for talk in self.talks:
            talk.close()
        if any(talk.carried for talk in self.talks):
            self.step(f'{self.name}: nothing private carried', self.look_through)

    def look_through(self):
        carried = [c for talk in self.talks for c in talk.carried]
        found = leaks(carried, [p for talk in self.talks for p in talk.private])
        need(not found, found)
        return f'{sum(len(message) for _, message in carried)} bytes'

    def talk(self):
        talk = Talk(self.kind, self.version, self.starter, **self.options)
        talk.texts = self.texts
        # A short run lets the one ask who began: the other one begins in another job.
        talk.askers = (talk.x,) if self.texts < MANY else (talk.x, talk.y)
        self.talks.append(talk)
        return talk

    def acts(self, *acts):
        """Runs steps on one talk until one breaks; opening it belongs to the first."""
        for feature, act, *arguments in acts:
            if not self.going:
                return
            self.going = self.step(feature, lambda: self.act(feature, act, arguments))

    def act(self, feature, act, arguments):
        talk = self.talks[0] if self.talks else self.talk()
        try:
            return act(talk, *arguments)
        except Broken as why:
            fault = next((talk.cannot[word] for word in KNOWN.get(feature, ()) if word in talk.cannot), '')
            if fault:
                raise Cannot(f'{fault} (tried: {why})') from why
            raise


def whole(scene):
    """The long conversation, begun by a query."""
    with scene() as it:
        it.acts(*WHOLE)


def tag(scene):
    with scene(policy='tag') as it:
        it.acts(('start by tag', steps.start_by_tag))


def rows(scene):
    """Several texts before an answer, and texts that cross: each in a talk of its own, for a peer may lose it."""
    with scene() as it:
        it.acts(('texts in a row', steps.bursts))
    with scene() as it:
        it.acts(('texts that cross', steps.crossing))


def pieces(scene):
    for limit in LIMITS:
        with scene(fragment=limit) as it:
            it.acts(
                (f'pieces of {limit}', steps.plain_pieces, limit),
                (f'64 KiB in pieces of {limit}', steps.large_in_pieces, limit),
            )


def at_once(scene):
    """Both begin before either has heard of the other, in every order of arrival that a network makes of it."""
    with scene() as it:
        rng = random.Random(f'{it.kind} {it.version} {it.starter}')
        orders = {
            'in the order of sending': None,
            'ours hears first': lambda ends: next((e for e in ends if e.kind == OURS), ends[0]),
            'peer hears first': lambda ends: next((e for e in ends if e.kind != OURS), ends[0]),
            'in any order': rng.choice,
        }
        for name, turns in orders.items():
            it.step(f'both at once, {name}', lambda: every_winner(it, turns))


def every_winner(it, turns):
    """Begins at once until the commitment of either side has been the higher one."""
    outcomes, stuck, fault, who = {}, set(), '', ''
    for number in range(AT_MOST_AT_ONCE):
        talk = it.talk()
        try:
            for end in (talk.x, talk.y):
                talk.do(end, 'start')
            talk.carry(turns)
            winner = higher(talk)
            outcomes.setdefault(winner, []).append('')
            try:
                settled(talk)
            except Broken as why:
                if 'simultaneous-win' not in talk.cannot:
                    outcomes[winner][-1] = str(why)
                    continue
                begin_anew(talk, talk.x if 'refresh-answer' in talk.caps else talk.p)
                stuck.add(winner)
                fault, who = talk.cannot['simultaneous-win'], 'either' if 'refresh-answer' in talk.caps else it.kind
        finally:
            talk.close()
        if number + 1 >= AT_LEAST_AT_ONCE and (it.version == '1' or {'ours higher', 'peer higher'} <= set(outcomes)):
            break
    failed = [f'{winner}: {why}' for winner, whys in outcomes.items() for why in whys if why]
    need(not failed, '; '.join(failed))
    if fault:
        raise Cannot(f'{fault} (tried: with {" or ".join(sorted(stuck))} neither becomes private, until {who} asks again)')
    return ', '.join(f'{winner} {len(whys)}' for winner, whys in sorted(outcomes.items()))


def settled(talk):
    """Both are private and can talk. A message of the exchange that was given up comes to nothing, and is told."""
    talk.o.alarms = [alarm for alarm in talk.o.alarms if not alarm.startswith('note refused')]
    steps.both_private(talk)
    steps.some_texts(talk)


def begin_anew(talk, asker):
    talk.forget()
    talk.do(asker, 'start')
    talk.carry()
    for end in (talk.o, talk.p):
        # One of them may have been private all the time.
        end.events += ['encrypted'] * end.events.count('refreshed')
    settled(talk)


def higher(talk):
    """Whose commitment is the higher number; 'no crossing' if not both sent one."""
    hashes = {}
    for end, message in talk.carried:
        if describe(message).endswith(('D-H-COMMIT', 'IDENTITY')):
            hashes.setdefault(end.kind == OURS, commit_hash(message))
    if len(hashes) < 2:
        return 'no crossing'
    return 'ours higher' if hashes[True] > hashes[False] else 'peer higher'


def two_devices(scene):
    with scene(devices=(2, 1)) as it:
        it.acts(('two devices of ours', devices.both_devices_of_ours))
    with scene(devices=(2, 1)) as it:
        it.acts(('second device of ours listens', devices.second_device_of_ours_listens))
    with scene(devices=(1, 2)) as it:
        it.acts(('two devices of the peer', devices.both_devices_of_peer))


def random_schedules(scene):
    with scene() as it:
        rng = random.Random(f'schedules {it.kind} {it.starter}')
        it.acts(('any order, loss and copies', schedules.play, rng, FEW_SCHEDULES if it.texts < MANY else SCHEDULES))


def known_faults(scene):
    """What a peer is known to do wrong in version 4, and what ours does then."""
    for name, act in faults.FAULTS:
        with scene() as it:
            it.acts((name, act))


WHOLE = (
    ('start by query', steps.start_by_query),
    ('texts to and fro', steps.texts),
    ('empty text', steps.empty_text),
    ('64 KiB whole', steps.large_texts),
    ('SMP equal', steps.smp_equal),
    ('SMP with question', steps.smp_question),
    ('SMP unequal', steps.smp_unequal),
    ('SMP aborted by ours', steps.smp_aborted_by_ours),
    ('SMP aborted by peer', steps.smp_aborted_by_peer),
    ('extra key', steps.extra_key),
    ('heartbeat', steps.heartbeat),
    ('heartbeat after silence', steps.heartbeat_after_silence),
    ('refresh by ours', steps.refresh_by_ours),
    ('refresh by peer', steps.refresh_by_peer),
    ('texts under way at a refresh', steps.texts_under_way),
    ('end', steps.end),
    ('end by the other', steps.end_by_the_other),
)
PLOTS = {'whole': whole, 'tag': tag, 'rows': rows, 'pieces': pieces, 'at-once': at_once, 'devices': two_devices,
         'schedules': random_schedules, 'faults': known_faults}


def play(name, kind, version, starter, texts, step):
    def scene(**options):
        return Scene(step, name, kind, version, starter, texts, **options)

    PLOTS[name](scene)
