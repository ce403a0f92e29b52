"""A program in a terminal of tmux, as a person has it: lines typed, and what the screen shows."""
import os
import re
import sys
import tempfile

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'peers')
sys.path[:0] = [PEERS, f'{PEERS}/irssi']
from terminal import Terminal  # noqa: E402


class Program(Terminal):
    """One program at a time. Its home is a folder of its own, which the caller made; nothing of the user's is touched."""

    def __init__(self, name, home, command, **env):
        self.nick = self.name = name
        self.folder = tempfile.mkdtemp(prefix=f'interop-{name}-')
        self.socket = os.path.join(self.folder, 'tmux')
        self.env = dict(os.environ, HOME=str(home), LC_ALL='C.UTF-8', TERM='xterm-256color', **env)
        for word in ('TMUX', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'DISPLAY'):
            if word not in env:
                self.env.pop(word, None)
        self.open(command)

    def key(self, *names):
        self.tmux('send-keys', '-t', '0', *names)

    def shown(self, pattern):
        """The last line that matches: not every program has its input line at the end."""
        lines = [line for line in self.screen() if re.search(pattern, line)]
        return lines[-1] if lines else None
