"""A program in a terminal of tmux, as a person has it: lines typed, and what the screen shows."""
import os
import re
import subprocess
import sys
import tempfile

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'peers')
sys.path[:0] = [PEERS, f'{PEERS}/irssi']
from terminal import Failed, eventually  # noqa: E402

WIDTH, HEIGHT = 200, 60


class Program:
    """One program at a time. Its home is a folder of its own, which the caller made; nothing of the user's is touched."""

    def __init__(self, name, home, command, **env):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix=f'interop-{name}-')
        self.socket = os.path.join(self.folder, 'tmux')
        self.env = dict(os.environ, HOME=str(home), LC_ALL='C.UTF-8', TERM='xterm-256color', **env)
        for word in ('TMUX', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'DISPLAY'):
            if word not in env:
                self.env.pop(word, None)
        self.tmux('-f', '/dev/null', 'new-session', '-d', '-x', str(WIDTH), '-y', str(HEIGHT), command)

    def tmux(self, *args):
        done = subprocess.run(['tmux', '-S', self.socket, *args], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=30)
        if done.returncode:
            raise Failed(f'{self.name}: tmux {args[0]}: {done.stderr.decode()}')
        return done.stdout.decode('utf-8', 'replace')

    def type(self, text):
        self.tmux('send-keys', '-t', '0', '-l', '--', text)
        self.key('Enter')

    def key(self, *names):
        self.tmux('send-keys', '-t', '0', *names)

    def screen(self):
        return [line.rstrip() for line in self.tmux('capture-pane', '-p', '-t', '0').split('\n')]

    def wait(self, pattern, what=None, seconds=30):
        """Waits until a line of the screen matches, and returns the last such line."""
        return eventually(f'{self.name}: {what or pattern}', lambda: self.shown(pattern), seconds,
                          lambda: '\n'.join(self.screen()))

    def shown(self, pattern):
        lines = [line for line in self.screen() if re.search(pattern, line)]
        return lines[-1] if lines else None

    def stop(self):
        try:
            self.tmux('kill-server')
        except (Failed, subprocess.TimeoutExpired):
            pass
