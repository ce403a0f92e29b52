"""A whole client to talk to: HexChat with its otr plugin, in a window of an X server that draws nowhere.

What is said is typed: put into the input field by listen.lua and sent off with the Enter key, so that it goes the way a
person's words go. What the window shows is read from the log that HexChat keeps of it.
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

from terminal import eventually

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORK = 'irc.interop.test'
CONFIG = '''version = 2.16.1
gui_slist_skip = 1
irc_nick1 = {nick}
irc_nick2 = {nick}_
irc_nick3 = {nick}__
irc_user_name = {nick}
irc_real_name = {nick}
irc_logging = 1
irc_log_mask = %c.log
gui_join_dialog = 0
gui_autoopen_dialog = 1
net_throttle = 0
'''


class HexChat:
    """One HexChat."""
    name = 'hexchat'
    version = 3
    SECURED = 'gone secure'
    ASKED = 'wants to authenticate'
    SAME = 'Authentication successful'
    DIFFERENT = 'Authentication failed'
    UNEQUAL = 'different-secret'
    ENDED = 'has finished|has closed|ended'
    PRIVATE_DEEDS = False
    DEEDS = 'the plugin lets /me pass in the clear, and ours warns'

    def __init__(self, nick, port, host='127.0.0.1'):
        self.nick, self.peer, self.seen = nick, None, 0
        self.folder = tempfile.mkdtemp(prefix=f'interop-{self.name}-{nick}-')
        self.home = os.path.join(self.folder, '.config', 'hexchat')
        os.makedirs(os.path.join(self.home, 'addons'), mode=0o700)
        shutil.copy(f'{HERE}/listen.lua', os.path.join(self.home, 'addons'))
        with open(os.path.join(self.home, 'hexchat.conf'), 'w') as f:
            f.write(CONFIG.format(nick=nick))
        self.input = os.path.join(self.folder, 'input')
        open(self.input, 'w').close()
        self.env = dict(os.environ, HOME=self.folder, LC_ALL='C.UTF-8', HEXCHAT_INPUT=self.input, NO_AT_BRIDGE='1')
        self.env.pop('DBUS_SESSION_BUS_ADDRESS', None)
        self.open_screen()
        self.address = f'irc://{host}:{port}/'
        self.client = None

    def open_screen(self):
        """An X server on a display that it finds free by itself."""
        reading, writing = os.pipe()
        self.screen_process = subprocess.Popen(['Xvfb', '-displayfd', str(writing), '-nolisten', 'tcp', '-screen', '0',
                                                '1000x700x24'], pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as told:
            self.env['DISPLAY'] = ':' + told.readline().strip()

    def query(self, nick):
        """Opens HexChat, and in it the window of one correspondent."""
        self.peer = nick
        self.env['HEXCHAT_QUERY'] = nick
        self.client = subprocess.Popen(['hexchat', self.address], env=self.env, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        if os.getuid() == 0:
            # It says that this is stupid, and waits for a yes.
            eventually('hexchat: a window', lambda: self.windows())
            subprocess.run(['sleep', '2'], check=True)
            self.press_enter()
        eventually('hexchat: the connection', lambda: 'End of MOTD' in self.log('server') or 'welcome' in self.log('server'))
        self.tell('command', f'query {nick}')
        eventually('hexchat: the window', lambda: self.log(nick))
        self.make_key()

    def log(self, window):
        """All that one window has shown; HexChat begins another folder once it knows the network's name."""
        logs = sorted(glob.glob(os.path.join(self.home, 'logs', '*', f'{window}.log')), key=os.path.getmtime)
        return ''.join(open(log, encoding='utf-8', errors='replace').read() for log in logs)

    def tell(self, kind, words):
        with open(self.input, 'a', encoding='utf-8') as f:
            f.write(f'{kind} {words}\n')

    def type(self, text):
        self.tell('text', text)
        # The script looks ten times a second.
        subprocess.run(['sleep', '0.5'], check=True)
        self.press_enter()

    def press_enter(self):
        subprocess.run(['xdotool', 'key', 'Return'], env=self.env, check=True)

    def windows(self):
        return subprocess.run(['xdotool', 'search', '--class', 'hexchat'], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def screen(self):
        return self.log(self.peer)[self.seen:].split('\n')

    def wait(self, pattern, what=None, seconds=60):
        """Waits until a line of the window matches, and returns the last such line."""
        def shown():
            return next((line for line in reversed(self.screen()) if re.search(pattern, line)), None)
        return eventually(f'{self.nick}: {what or pattern}', shown, seconds, lambda: '\n'.join(self.screen()))

    def clear(self):
        self.seen = len(self.log(self.peer))

    @staticmethod
    def said(nick, text):
        return fr'[*<]{nick}[*>]\s+{text}'

    @staticmethod
    def did(nick, deed):
        return fr'[*<]{nick}[*>]\s+/me {deed}'

    def spoken(self):
        """What was said, without white space and the marks of who and when."""
        return re.sub(r'\s', '', ''.join(re.sub(r'^\w+ +\d+ [\d:]+ [*<]\w+[*>]', '', line) for line in self.screen()))

    def ask(self, secret, question=None):
        self.type(f'/otr authq {self.peer} "{question}" {secret}' if question else f'/otr auth {secret}')

    def answer(self, secret):
        self.type(f'/otr auth {secret}')

    def end(self):
        self.type('/otr finish')

    def generate_key(self):
        """The plugin has to be asked in the window of a correspondent: see query."""

    def make_key(self):
        """Before it is needed: a D-H Key that arrives while the plugin makes one is never answered."""
        self.type(f'/otr genkey {self.nick}@{NETWORK}')
        eventually('hexchat: the key', lambda: 'private keys loaded' in self.log('server') + self.log(self.peer))

    def own_key(self):
        """The fingerprint of its key, as forty lower-case hex digits."""
        with open(os.path.join(self.home, 'otr', 'otr.key'), encoding='utf-8') as f:
            numbers = dict(re.findall(r'\(([pqgy]) #([0-9A-F]+)#', f.read()))
        mpis = (bytes.fromhex(numbers[name]).lstrip(b'\0') for name in 'pqgy')
        return hashlib.sha1(b''.join(len(mpi).to_bytes(4, 'big') + mpi for mpi in mpis)).hexdigest()

    def picture(self, path):
        """What the window looks like."""
        subprocess.run(['import', '-window', 'root', path], env=self.env, check=True)

    def stop(self):
        for process in (self.client, self.screen_process):
            if process:
                process.terminate()
                process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
