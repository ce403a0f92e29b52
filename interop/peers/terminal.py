"""A chat client in a terminal of tmux, as its user sees it, and an IRC server of one's own to use it on.

Everything lives in a temporary folder and on loopback; nothing of the user's own programs or tmux is touched.
"""
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time

WIDTH, HEIGHT = 220, 60

NGIRCD = '''[Global]
    Name = irc.interop.test
    Info = a server for one test
    Listen = 127.0.0.1
    Ports = {port}
    MotdPhrase = welcome
    ServerUID = {user}
    ServerGID = {group}
    PidFile =
[Limits]
    MaxConnectionsIP = 0
    MaxJoins = 0
    MaxNickLength = 30
    MaxPenaltyTime = 0
    PingTimeout = 600
[Options]
    DNS = no
    Ident = no
    PAM = no
    SyslogFacility = local0
'''


class Failed(Exception):
    """The client or the server did not do what was asked, with what the screen showed."""


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def eventually(what, test, seconds=30, detail=lambda: ''):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := test():
            return result
        time.sleep(0.05)
    raise Failed(f'{what}: not within {seconds} s\n{detail()}')


class Server:
    """ngircd on a free port of loopback, for this run only."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='interop-ngircd-')
        self.port = free_port()
        user = pwd.getpwuid(os.getuid())
        conf = os.path.join(self.folder, 'ngircd.conf')
        with open(conf, 'w') as f:
            f.write(NGIRCD.format(port=self.port, user=user.pw_uid, group=user.pw_gid))
        program = shutil.which('ngircd', path=os.environ.get('PATH', '') + ':/usr/sbin')
        if not program:
            raise Failed('ngircd is not installed')
        self.log = os.path.join(self.folder, 'log')
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen([program, '--nodaemon', '--config', conf], stdout=log, stderr=log,
                                            cwd=self.folder)
        eventually('ngircd listens', self.listens, detail=lambda: open(self.log).read())

    def listens(self):
        if self.process.poll() is not None:
            raise Failed('ngircd ended:\n' + open(self.log).read())
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Terminal:
    """One client. The user's view: lines typed, and what the screen shows of the present window."""
    name = 'client'

    def __init__(self, nick):
        self.nick = nick
        self.folder = tempfile.mkdtemp(prefix=f'interop-{self.name}-{nick}-')
        self.home = os.path.join(self.folder, self.name)
        os.mkdir(self.home, 0o700)
        self.socket = os.path.join(self.folder, 'tmux')
        self.env = dict(os.environ, HOME=self.folder, LC_ALL='C.UTF-8', TERM='xterm')
        self.env.pop('TMUX', None)

    def open(self, command):
        self.tmux('-f', '/dev/null', 'new-session', '-d', '-x', str(WIDTH), '-y', str(HEIGHT), command)

    def tmux(self, *args):
        done = subprocess.run(['tmux', '-S', self.socket, *args], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=30)
        if done.returncode:
            raise Failed(f'tmux {args[0]}: {done.stderr.decode()}')
        return done.stdout.decode('utf-8', 'replace')

    def type(self, text):
        """Types a line and presses enter."""
        self.tmux('send-keys', '-t', '0', '-l', '--', text)
        self.tmux('send-keys', '-t', '0', 'Enter')

    def screen(self):
        """The lines of the screen, without trailing blanks. The last one is the input line."""
        return [line.rstrip() for line in self.tmux('capture-pane', '-p', '-t', '0').split('\n')]

    def wait(self, pattern, what=None, seconds=60):
        """Waits until a line of the screen matches, and returns the last such line."""
        return eventually(f'{self.nick}: {what or pattern}', lambda: self.shown(pattern), seconds,
                          lambda: '\n'.join(self.screen()))

    def shown(self, pattern):
        """The last line of the screen that matches, if any. The input line does not count: a command just typed must
        not be taken for its effect."""
        lines = [line for line in self.screen() if line]
        return next((line for line in reversed(lines[:-1]) if re.search(pattern, line)), None)

    def stop(self):
        try:
            self.tmux('kill-server')
        except (Failed, subprocess.TimeoutExpired):
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
