"""BitlBee on a free port of loopback, with one XMPP account, and the IRC connection of the one who uses it."""
import os
import re
import socket
import subprocess

from terminal import Failed, eventually, free_port


class Bitlbee:
    """What is said to the control channel, or to one person, and all that was heard. `library` is a folder that is put
    in front of the loader's path."""

    def __init__(self, folder, port, nick='bitty', account='bit', password='secret', library=None):
        self.nick, self.folder = nick, folder
        self.data = folder / 'data'
        self.data.mkdir(parents=True)
        here = free_port()
        (folder / 'bitlbee.conf').write_text(
            f'[settings]\nRunMode = ForkDaemon\nDaemonInterface = 127.0.0.1\nDaemonPort = {here}\nUser = root\n'
            f'ConfigDir = {self.data}/\nMotdFile = /dev/null\n[defaults]\n')
        env = {name: value for name, value in os.environ.items() if name != 'LD_LIBRARY_PATH'}
        if library:
            env['LD_LIBRARY_PATH'] = str(library)
        self.process = subprocess.Popen(['/usr/sbin/bitlbee', '-F', '-n', '-c', str(folder / 'bitlbee.conf'), '-d',
                                         str(self.data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        self.heard = ''
        self.pending = b''
        self.socket = None
        try:
            self.socket = eventually('bitlbee listens', lambda: self.connect(here))
            self.arrive(port, account, password)
        except Failed:
            self.stop()
            raise

    def arrive(self, port, account, password):
        self.socket.settimeout(0.2)
        self.send(f'NICK {self.nick}')
        self.send(f'USER {self.nick} 0 * :{self.nick}')
        self.wait('Welcome to the BitlBee')
        self.say('register pw')
        self.wait('successfully created')
        self.say(f'account add jabber {account}@localhost {password}')
        self.wait('successfully added')
        # The two kinds of BitlBee (its own XMPP, libpurple's) name these differently; the wrong name is only refused.
        for setting in ('server 127.0.0.1', 'connect_server 127.0.0.1', f'port {port}', 'tls false', 'ssl false',
                        'connection_security opportunistic_tls', 'auth_plain_in_clear true'):
            self.say(f'account jabber set {setting}')
        self.say('account on')
        self.wait('Logged in')

    @staticmethod
    def connect(port):
        try:
            return socket.create_connection(('127.0.0.1', port))
        except OSError:
            return None

    def send(self, line):
        self.socket.sendall(line.encode() + b'\r\n')

    def say(self, text):
        self.send(f'PRIVMSG &bitlbee :{text}')

    def type(self, nick, text):
        self.send(f'PRIVMSG {nick} :{text}')

    def clear(self):
        self.hear()
        self.heard = ''

    def hear(self):
        try:
            # A letter may arrive in two parts.
            self.pending += self.socket.recv(65536)
            whole, end, rest = self.pending.rpartition(b'\n')
            self.heard += (whole + end).decode('utf-8', 'replace')
            self.pending = rest
        except socket.timeout:
            pass
        return self.heard

    def wait(self, pattern, seconds=60):
        return eventually(f'{self.nick}: {pattern}', lambda: re.search(pattern, self.hear()), seconds, lambda: self.heard)

    def loaded(self):
        """The libotr that the process which serves this user has mapped."""
        found = set()
        children = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(self.process.pid)], stdout=subprocess.PIPE)
        for pid in [str(self.process.pid), *children.stdout.decode().split()]:
            try:
                with open(f'/proc/{pid}/maps', encoding='utf-8') as maps:
                    found |= set(re.findall(r'/\S*libotr\.so\S*', maps.read()))
            except OSError:
                pass  # it has ended
        return found

    def stop(self):
        if self.socket:
            self.socket.close()
        self.process.terminate()
        self.process.wait(10)
