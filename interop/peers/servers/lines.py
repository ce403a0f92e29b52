"""Programs whose lines are waited for: the example `talk`, `chatham`, and a bare socket."""
import os
import re
import socket
import subprocess
import threading
import time

from terminal import Failed


class Lines:
    """Collects lines on a thread, and finds some in them."""

    def __init__(self):
        self.lines, self.taken, self.last = [], 0, ''

    def collect(self, stream):
        def read():
            for line in stream:
                self.lines.append(line.decode(errors='replace').rstrip('\r\n') if isinstance(line, bytes) else line.rstrip())
        threading.Thread(target=read, daemon=True).start()

    def wait(self, pattern, seconds=20):
        """The next line in which this is found; what came before is done with."""
        end = time.monotonic() + seconds
        while True:
            for at in range(self.taken, len(self.lines)):
                if found := re.search(pattern, self.lines[at]):
                    self.taken, self.last = at + 1, self.lines[at]
                    return found
            if time.monotonic() > end:
                raise Failed(f'{pattern}: not within {seconds} s; the last lines: {self.lines[-8:]}')
            time.sleep(0.02)

    def never(self, pattern):
        if any(re.search(pattern, line) for line in self.lines):
            raise Failed(f'{pattern}: in {self.lines}')

    def before(self, found):
        """The lines before that one."""
        at = next(at for at, line in enumerate(self.lines) if line == found.string)
        return self.lines[:at]

    def transcript(self):
        return self.lines[-40:]


class Process(Lines):
    def __init__(self, command):
        super().__init__()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.collect(self.process.stdout)

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class Talk(Process):
    """The example `talk`: facts out, texts in."""

    def __init__(self, program, host, port, nick, **options):
        super().__init__([program, host, str(port), nick, *(f'{name}={value}' for name, value in options.items())])


class Chatham(Process):
    """Our client for scripts."""

    def __init__(self, program, data, port, nick, peer, *options):
        os.makedirs(data, mode=0o700, exist_ok=True)
        super().__init__([program, 'chat', '--plain', '--json', '--server', f'localhost:{port}', '--nick', nick, '--peer', peer,
                          '--data', data, *options])


class Raw(Lines):
    """A person with a bare socket."""

    def __init__(self, nick, port, patience=False):
        super().__init__()
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.collect(self.socket.makefile('rb'))
        self.send(f'NICK {nick}\r\nUSER {nick} 0 * :{nick}')
        # With patience: somebody who is just leaving may still have the nick.
        while self.wait(' (001|433) ').group(1) == '433' and patience:
            time.sleep(0.2)
            self.send(f'NICK {nick}')

    def send(self, line):
        self.socket.sendall(line.encode() + b'\r\n')

    def say(self, to, text):
        self.send(f'PRIVMSG {to} :{text}')

    def wait_for_nick(self, nick):
        """Until somebody of this name is there."""
        for _ in range(100):
            self.send(f'ISON {nick}')
            if nick in self.wait(r' 303 \S+ :(.*)').group(1):
                return
            time.sleep(0.1)
        raise Failed(f'{nick} does not come')

    def settle(self):
        """Until the server has taken all that was said."""
        self.send('PING :settled')
        self.wait('PONG .*settled')

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The server was quicker.
        self.socket.close()
