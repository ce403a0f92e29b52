"""Our own plain client on XMPP, our proxy, and a wire to a server."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading

from terminal import Failed, eventually, free_port


class Wire:
    """A relay in front of a port, which can be cut, and counts who came."""

    def __init__(self, port, here=('127.0.0.1', 0)):
        self.target, self.pairs, self.count = port, [], 0
        self.listener = socket.create_server(here)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(('127.0.0.1', self.target))
            self.pairs.append((near, far))
            self.count += 1
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    @staticmethod
    def pump(one, other):
        try:
            while data := one.recv(4096):
                other.sendall(data)
        except OSError:
            pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                end.shutdown(socket.SHUT_RDWR)
                end.close()

    def stop(self):
        """Nobody listens there any more."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Ours:
    """Our plain client: lines in, one JSON object a line out."""

    def __init__(self, program, nick, server, port, *more, within=()):
        """Without a port it is left to the name system; `within` is a command that runs another."""
        self.nick, self.events, self.taken = nick, [], 0
        jid = f'{nick}@{server.domain}'
        host = ['--xmpp-host', f'127.0.0.1:{port}'] if port else []
        self.folder = tempfile.TemporaryDirectory(prefix='interop-chatham-')
        os.chmod(self.folder.name, 0o700)
        password = pathlib.Path(self.folder.name, 'password')
        password.touch(0o600)
        password.write_text('x\n')
        env = dict(os.environ, CHATHAM_CONFIG=f'{self.folder.name}/none')
        pathlib.Path(self.folder.name, 'none').touch(0o600)
        self.process = subprocess.Popen(
            [*within, program, 'chat', '--plain', '--json', '--xmpp', jid, *host, '--tls-roots',
             f'{server.folder}/ca.pem', '--password-file', str(password), '--data', f'{self.folder.name}/data', *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        threading.Thread(target=self.read, daemon=True).start()
        self.wait('connected', 60, nick=jid)

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def wait(self, event, seconds=60, **fields):
        """The next such event; what was told before it is done with."""
        def there():
            for at, told in enumerate(self.events[self.taken:], self.taken):
                if told['event'] == event and all(told.get(k) == v for k, v in fields.items()):
                    self.taken = at + 1
                    return told
            return None
        return eventually(f'{self.nick}: {event} {fields}', there, seconds, lambda: '\n'.join(map(str, self.events[-12:])))

    def hears(self, text, **fields):
        """This text, and not in clear."""
        told = self.wait('heard', text=text, **fields)
        if told['security'] == 'clear':
            raise Failed(f'{self.nick} hears {told}')

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def screen(self):
        return [json.dumps(event, ensure_ascii=False) for event in self.events]


class Proxy:
    """Our proxy, with one door to one account."""

    def __init__(self, program, nick, encrypted, tls, port, roots):
        self.program, self.folder = program, tempfile.TemporaryDirectory(prefix='interop-proxy-')
        os.chmod(self.folder.name, 0o700)
        self.port = free_port()
        self.config = f'{self.folder.name}/config.toml'
        with open(self.config, 'w', opener=lambda name, flags: os.open(name, flags, 0o600)) as f:
            f.write(f'data = "{self.folder.name}/data"\n'
                    f'[proxy.xmpp.default]\nlisten = "127.0.0.1:{self.port}"\n'
                    f'loopback = "{"starttls" if encrypted else "plain"}"\n'
                    f'[profile.default.xmpp]\njid = "{nick}@localhost"\nhost = "127.0.0.1"\nport = {port}\ntls = "{tls}"\n'
                    + ('' if tls == 'none' else f'tls-roots = "{roots}"\n'))
        self.process = subprocess.Popen([program, 'proxy', '--config', self.config], stdout=subprocess.PIPE, text=True)
        self.told = ''
        for line in self.process.stdout:
            self.told += line
            if 'clients say the password' in line:
                break

    def ctl(self, *words):
        done = subprocess.run([self.program, 'ctl', '--json', '--config', self.config, *words], capture_output=True,
                              text=True, timeout=60)
        if done.returncode:
            raise Failed(f'ctl {words}: {done.stdout}{done.stderr}')
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.folder.cleanup()
