"""The jobs of a run: one plot with one peer, version and starter each, in a process group of its own."""
import json
import os
import signal
import subprocess
import sys

import plots
from harness import DriverError, Peer
from talk import OURS, key_file

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = {'libotr': '123', 'go-otr3': '23', 'otrjs': '23', 'potr': '2', 'otrr': '34', 'otr4ref': '4'}
CLIENTS = {'irssi': '3', 'weechat': '2', 'hexchat': '3'}
# It waits more than it computes: early, beside the others.
CHAT_WEIGHT = 10000
# Seconds for one job; many times what the slowest peer needs.
LIMIT, LIMIT_PER_TEXT = 120, 2
LIMIT_OF_PLOT = {'schedules': 1800, 'faults': 600}
WEIGHTS = {'otrjs': 10, 'otrr': 3, 'potr': 2}


class Job:
    def __init__(self, peer, version, starter, plot, texts):
        self.peer, self.version, self.starter, self.plot, self.texts = peer, version, starter, plot, texts
        self.weight = WEIGHTS.get(peer, 1) * (texts if plot == 'whole' else 10)

    @staticmethod
    def probe(peer):
        """Why a driver does not work, or nothing. Makes the keys that the jobs share."""
        for kind in (peer, OURS):
            for me, you in (('alice', 'bob'), ('bob', 'alice')):
                try:
                    driver = Peer(kind, me, you, keyfile=key_file(kind, me))
                    driver.caps()
                    driver.close()
                except (OSError, DriverError, StopIteration) as why:
                    return f'{kind}: {type(why).__name__}: {why}'
        return ''

    def command(self):
        return ['conversation', self.peer, self.version, self.starter, self.plot, str(self.texts)]

    def run(self):
        """The rows of this job. Whatever hangs or dies is a failed row."""
        program, *arguments = self.command()
        process = subprocess.Popen([sys.executable, f'{HERE}/{program}', *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        limit = LIMIT_OF_PLOT.get(self.plot, LIMIT + LIMIT_PER_TEXT * self.texts)
        why = ''
        try:
            out, err = process.communicate(timeout=limit)
            if process.returncode:
                why = f'ended with {process.returncode}: {err.decode(errors="replace")[-300:]}'
        except subprocess.TimeoutExpired:
            why = f'not done within {limit} s'
            out = self.stop(process)
        return self.rows(out.decode(errors='replace'), why)

    @staticmethod
    def stop(process):
        """Ends the whole group; what it had told. It may tidy up first."""
        for word, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, None)):
            os.killpg(process.pid, word)
            try:
                return process.communicate(timeout=patience)[0]
            except subprocess.TimeoutExpired:
                continue
        return b''

    def rows(self, lines, why):
        begun, rows = None, []
        for line in lines.splitlines():
            told = json.loads(line)
            if 'begun' in told:
                begun = told['begun']
            else:
                begun = None
                rows.append(told)
        if why or not rows:
            rows.append(dict(feature=begun or f'{self.plot}: the end', verdict='failed', detail=why or 'no answer',
                             seconds=0))
        return [dict(peer=self.peer, version=self.version, starter=self.starter, plot=self.plot, **row) for row in rows]


class Chat(Job):
    """A whole client: our program and the other one on a server."""

    def __init__(self, client, program):
        super().__init__(client, CLIENTS[client], OURS, 'chat', 0)
        self.program, self.weight = program, CHAT_WEIGHT

    def command(self):
        return ['client-chat', self.peer, self.program]


def plots_of(peer, version, texts):
    """What is played with a peer. A key exchange with otrr in version 4 takes seconds: a short run leaves out what asks for
    many."""
    if peer == 'otr4ref':
        return ['whole', 'rows', 'at-once', 'schedules']
    names = [name for name in plots.PLOTS if name != 'schedules' and (name != 'faults' or (peer, version) == ('otrr', '4'))]
    slow = (peer, version) == ('otrr', '4') and texts < plots.MANY
    return [name for name in names if not slow or name not in ('at-once', 'devices')]


def jobs_for(peer, texts):
    return [Job(peer, version, starter, plot, texts) for version in VERSIONS[peer] for starter in (OURS, 'peer')
            for plot in plots_of(peer, version, texts) if plot != 'faults' or starter == OURS]
