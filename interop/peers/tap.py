"""Stands between our side and a server, and keeps every line."""
import re
import socket
import threading
from collections import namedtuple

Side = namedtuple('Side', 'kind')
OURS, SERVER = Side('ours'), Side('theirs')


class Tap:
    """Takes one connection after another."""

    def __init__(self, port):
        self.lines = []
        self.server = port
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(('127.0.0.1', self.server))
            for source, target, side in ((near, far, OURS), (far, near, SERVER)):
                threading.Thread(target=self.pump, args=(source, target, side), daemon=True).start()

    def pump(self, source, target, side):
        pending = b''
        while data := source.recv(65536):
            *whole, pending = (pending + data).split(b'\n')
            self.lines += [(side, line + b'\n') for line in whole]
            target.sendall(data)
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side has gone before.

    def said(self):
        """The texts that passed, with who said them; what a client has cut in two is one again."""
        begun = {OURS: b'', SERVER: b''}
        for side, line in list(self.lines):
            if found := re.match(rb'(?::\S+ )?(?:PRIVMSG|NOTICE) \S+ :?(.*?)\r?\n', line, re.DOTALL):
                text = begun[side] + found.group(1)
                whole = not re.match(rb'\?OTR[:,|]', text) or text.endswith((b'.', b','))
                begun[side] = b'' if whole else text
                if whole:
                    yield side, text
