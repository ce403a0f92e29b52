"""Foreign ends of XMPP for one run: prosody with certificates of its own, and clients in terminals, with libotr or without."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from terminal import Failed, Terminal, eventually, free_port

PROSODY = '''run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {direct} }}
s2s_ports = {{}}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "presence"; "message"; "iq"; "carbons"; "smacks" }}
modules_disabled = {{ "s2s"; "offline"; "posix" }}
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
ssl = {{ key = "{folder}/localhost.key"; certificate = "{folder}/localhost.pem" }}
log = {{ debug = "{folder}/log" }}
VirtualHost "localhost"
VirtualHost "other.test"
'''

PEOPLE = ('alice', 'bob', 'carol', 'dave')


def openssl(folder, *args):
    subprocess.run(['openssl', *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Prosody:
    """On free ports of loopback, with four accounts that know each other."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='interop-prosody-')
        self.port, self.direct = free_port(), free_port()
        curve = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')
        openssl(self.folder, 'req', '-x509', *curve, '-subj', '/CN=interop', '-keyout', 'ca.key', '-out', 'ca.pem')
        openssl(self.folder, 'req', *curve, '-subj', '/CN=localhost', '-keyout', 'localhost.key', '-out', 'localhost.csr')
        pathlib.Path(self.folder, 'san').write_text('subjectAltName=DNS:localhost\n')
        openssl(self.folder, 'x509', '-req', '-in', 'localhost.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
                '-extfile', 'san', '-out', 'localhost.pem')
        accounts, rosters = (pathlib.Path(self.folder, 'data/localhost', name) for name in ('accounts', 'roster'))
        accounts.mkdir(parents=True)
        rosters.mkdir()
        for one in PEOPLE:
            (accounts / f'{one}.dat').write_text('return { ["password"] = "x" };\n')
            others = ''.join(f'["{other}@localhost"] = {{ ["subscription"] = "both"; ["groups"] = {{}}; '
                             f'["name"] = "{other}"; }}; ' for other in PEOPLE if other != one)
            (rosters / f'{one}.dat').write_text(f'return {{ {others}[false] = {{ ["version"] = 1; }}; }};\n')
        config = pathlib.Path(self.folder, 'cfg.lua')
        config.write_text(PROSODY.format(folder=self.folder, port=self.port, direct=self.direct))
        self.process = subprocess.Popen(['prosody', '-F', '--config', str(config)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        eventually('prosody listens', lambda: self.listens(self.port) and self.listens(self.direct), detail=self.log)

    def listens(self, port):
        if self.process.poll() is not None:
            raise Failed('prosody ended')
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', port)) == 0

    def log(self, last=3000):
        path = pathlib.Path(self.folder, 'log')
        return path.read_text()[-(last or 0):] if path.exists() else ''

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Foreign(Terminal):
    """A client in a terminal of tmux."""

    def __init__(self, nick):
        self.nick = nick
        self.folder = tempfile.mkdtemp(prefix=f'interop-xmpp-{nick}-')
        self.socket = f'{self.folder}/tmux'
        self.env = dict(os.environ, HOME=self.folder, LC_ALL='C.UTF-8', TERM='xterm',
                        XDG_CONFIG_HOME=f'{self.folder}/config', XDG_DATA_HOME=f'{self.folder}/data')
        self.env.pop('TMUX', None)

    def run(self, command, ready):
        self.tmux('-f', '/dev/null', 'new-session', '-d', '-x', '160', '-y', '50', command)
        self.wait(ready, 'the connection', seconds=60)

    def shown(self, pattern):
        # mcabber's newest line may be anywhere above its log.
        return next((line for line in reversed(self.screen()) if re.search(pattern, line)), None)


class Profanity(Foreign):
    version = 2
    secured, compared = r'OTR session (re)?(started|freshed|refreshed)', 'Authentication successful'

    def __init__(self, server, otr=True, tls='disable'):
        super().__init__('alice')
        accounts = pathlib.Path(self.folder, 'data/profanity/accounts')
        accounts.parent.mkdir(parents=True)
        accounts.write_text(f'[alice@localhost]\nenabled=true\njid=alice@localhost\nserver=127.0.0.1\nport={server.port}\n'
                            f'password=x\ntls.policy={tls}\nresource=prof\notr.policy=manual\npresence.login=online\n')
        self.run('profanity -a alice@localhost', 'logged in successfully|TLS certificate')
        if self.shown('TLS certificate'):
            self.certificate = '\n'.join(self.screen())
            self.type('/tls always')
            self.wait('logged in successfully')
        if otr:
            self.type('/otr gen')
            self.wait('Private key generation complete', seconds=60)

    def open(self, peer):
        self.type(f'/msg {peer} hello')

    def answer(self, secret):
        self.type(f'/otr secret {secret}')


class Mcabber(Foreign):
    version = 3
    secured, compared = 'OTR: (new )?[Cc]hannel|encrypted|[Ss]ecure|established', 'succe|verified|[Tt]rust'

    def __init__(self, server, otr=True, tls=False, nick='bob', carbons=False):
        super().__init__(nick)
        config = pathlib.Path(self.folder, 'mcabberrc')
        config.touch(0o600)
        config.write_text(f'set jid = {nick}@localhost\nset password = x\nset server = 127.0.0.1\nset port = {server.port}\n'
                          f'set resource = mc\nset carbons = {int(carbons)}\nset tls = {int(tls)}\nset ssl_ignore_checks = 1\nset otr = {int(otr)}\nset otr_dir = {self.folder}\nset logging = 0\n'
                          'set beep_on_message = 0\notrpolicy default manual\n')
        self.run(f'mcabber -f {config}', 'Connection established')

    def open(self, peer):
        name = peer.split('@')[0]
        self.type(f'/roster search {name}')
        self.type('')
        self.type('hello')

    def answer(self, secret):
        self.type(f'/otr smpr . {secret}')
