"""Pidgin with pidgin-otr in a screen of Xvfb, with one XMPP account. What can be said over D-Bus is said over D-Bus; what
pidgin-otr offers in windows only is typed into them."""
import os
import re
import subprocess
import time

from arrangements import mapped
from terminal import eventually

ACCOUNTS = '''<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account>
<protocol>prpl-jabber</protocol><name>{name}@localhost/home</name><password>{password}</password>
<settings>
<setting name='connect_server' type='string'>127.0.0.1</setting>
<setting name='port' type='int'>{port}</setting>
<setting name='connection_security' type='string'>opportunistic_tls</setting>
<setting name='auth_plain_in_clear' type='bool'>1</setting>
</settings>
<settings ui='gtk-gaim'><setting name='auto-login' type='bool'>1</setting></settings>
</account></account>
'''
PREFS = '''<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'>
<pref name='pidgin'>
<pref name='plugins'><pref name='loaded' type='pathlist'><item value='/usr/lib/pidgin/pidgin-otr.so'/></pref></pref>
<pref name='sound'><pref name='mute' type='bool' value='1'/><pref name='method' type='string' value='none'/></pref>
</pref>
</pref>
'''
SERVICE = 'im.pidgin.purple.PurpleService'
# Where the entries of the menu are, below the upper edge of the conversation's window.
MENU = {'refresh': 38, 'end': 59, 'authenticate': 80}
# Windows that have come to the front take a while to listen.
MOMENT = 0.7
INTERFACE = 'im.pidgin.purple.PurpleInterface'


class Pidgin:
    def __init__(self, folder, name, port, library, password='secret'):
        self.nick, self.library, self.folder = name, library, folder / name
        self.processes = []
        self.seen = 0
        purple = self.folder / '.purple'
        purple.mkdir(parents=True, mode=0o700)
        (purple / 'accounts.xml').write_text(ACCOUNTS.format(name=name, port=port, password=password))
        (purple / 'prefs.xml').write_text(PREFS)
        self.env = dict(os.environ, HOME=str(self.folder), LC_ALL='C.UTF-8', NO_AT_BRIDGE='1', DISPLAY=self.open_screen())
        self.env['DBUS_SESSION_BUS_ADDRESS'] = self.open_bus()
        self.run('openbox', '--sm-disable')
        self.heard = self.folder / 'heard'
        with open(self.heard, 'wb') as file:
            self.run('dbus-monitor', '--session', f"type='signal',interface='{INTERFACE}'", stdout=file)
        front = dict(self.env, LD_LIBRARY_PATH=library) if library else self.env
        self.client = subprocess.Popen(['pidgin', '-c', str(purple)], env=front, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.processes.append(self.client)

    def run(self, *command, **streams):
        self.processes.append(subprocess.Popen(command, env=self.env, stderr=subprocess.DEVNULL,
                                               **{'stdout': subprocess.DEVNULL, **streams}))

    def open_screen(self):
        """An X server on a display that it finds free by itself."""
        reading, writing = os.pipe()
        self.processes.append(subprocess.Popen(
            ['Xvfb', '-displayfd', str(writing), '-nolisten', 'tcp', '-screen', '0', '1000x700x24'], pass_fds=[writing],
            stderr=subprocess.DEVNULL))
        os.close(writing)
        with os.fdopen(reading) as told:
            return ':' + told.readline().strip()

    def open_bus(self):
        bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address'], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        self.processes.append(bus)
        return bus.stdout.readline().decode().strip()

    def call(self, method, *arguments):
        """What a method of libpurple gives, as the words that gdbus prints, or None while there is no Pidgin."""
        done = subprocess.run(['gdbus', 'call', '--session', '--dest', SERVICE, '--object-path',
                               '/im/pidgin/purple/PurpleObject', '--method', f'{INTERFACE}.{method}', '--',
                               *map(str, arguments)], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def number(self, method, *arguments):
        found = re.match(r'\((?:u?int32 )?(-?\d+),\)', self.call(method, *arguments) or '')
        return int(found.group(1)) if found else None

    def sign_on(self):
        def connected():
            self.account = self.number('PurpleAccountsFindAny', f'{self.nick}@localhost/home', 'prpl-jabber')
            return self.account and self.number('PurpleAccountIsConnected', self.account) == 1
        eventually(f'{self.nick}: signed on', connected, 60, self.excerpt)

    def open(self, peer):
        """The window of one correspondent."""
        self.peer = peer
        self.conversation = self.number('PurpleConversationNew', 1, self.account, f'{peer}@localhost')
        self.im = self.number('PurpleConversationGetImData', self.conversation)

    def say(self, markup):
        self.call('PurpleConvImSend', self.im, markup)

    def all_heard(self):
        return self.heard.read_text(encoding='utf-8', errors='replace')

    def clear(self):
        self.seen = len(self.all_heard())

    def wait(self, pattern, seconds=60):
        """Waits until the signals tell of such words."""
        return eventually(f'{self.nick}: {pattern}', lambda: re.search(pattern, self.all_heard()[self.seen:]), seconds,
                          self.excerpt)

    def excerpt(self):
        return self.all_heard()[self.seen:][-4000:]

    def loaded(self):
        return mapped(self.client.pid)

    # Windows

    def windows(self, name):
        found = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', name], env=self.env, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        return found.stdout.decode().split()

    def window(self, name):
        """Brings the window of this name to the front."""
        window = eventually(f'{self.nick}: a window {name}', lambda: self.windows(name))[-1]
        self.tool('windowactivate', window)
        time.sleep(MOMENT)
        return window

    def gone(self, name):
        eventually(f'{self.nick}: no window {name}', lambda: not self.windows(name), 15)

    def tool(self, *arguments):
        subprocess.run(['xdotool', *arguments], env=self.env, check=True, stderr=subprocess.DEVNULL)

    def click(self, window, across, down):
        """A place that is below nought is counted from the other side."""
        sizes = dict(line.split('=') for line in subprocess.run(
            ['xdotool', 'getwindowgeometry', '--shell', window], env=self.env, check=True,
            stdout=subprocess.PIPE).stdout.decode().split())
        place = [str(at if at >= 0 else int(sizes[side]) + at) for at, side in ((across, 'WIDTH'), (down, 'HEIGHT'))]
        self.tool('mousemove', '--window', window, *place, 'click', '1')
        time.sleep(MOMENT)

    def press_last(self, name):
        """Presses the button at the lower right of a dialog: its yes."""
        self.click(self.window(name), -65, -28)

    def dismiss(self, name):
        if self.windows(name):
            self.press_last(name)
            self.gone(name)

    def choose(self, item):
        """An entry of the OTR menu in the window of the conversation."""
        window = self.window(f'^{self.peer}$')
        self.click(window, 264, 13)
        self.click(window, 339, MENU[item])

    def keys(self, *names):
        for name in names:
            self.tool('key', '--delay', '60', name)

    def type(self, text):
        self.tool('type', '--delay', '40', text)

    def picture(self, path):
        subprocess.run(['import', '-window', 'root', str(path)], env=self.env, check=True)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
