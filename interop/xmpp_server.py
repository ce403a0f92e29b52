"""prosody on a free port of loopback, for one run only: accounts that know each other, and no encryption to set up."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from terminal import Failed, eventually, free_port

CONFIG = '''run_as_root = true
data_path = "{folder}/data"
pidfile = "{folder}/pid"
modules_enabled = {{ "roster"; "saslauth"; "disco"; "posix"; "presence"; "message"; "iq" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
VirtualHost "localhost"
'''


# BitlBee's own XMPP connects to a few ports only.
BITLBEE_PORTS = range(5220, 5230)


def one_of(ports):
    """The first of these ports that nobody listens on."""
    for port in ports:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                pass
    raise Failed(f'no free port in {ports}')


class XmppServer:
    def __init__(self, people, password='secret', ports=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='interop-prosody-'))
        self.port = one_of(ports) if ports else free_port()
        (self.folder / 'cfg.lua').write_text(CONFIG.format(folder=self.folder, port=self.port))
        accounts, rosters = (self.folder / 'data/localhost' / name for name in ('accounts', 'roster'))
        accounts.mkdir(parents=True)
        rosters.mkdir()
        for one in people:
            (accounts / f'{one}.dat').write_text(f'return {{ ["password"] = "{password}"; }};\n')
            others = ''.join(f'["{other}@localhost"] = {{ ["subscription"] = "both"; ["groups"] = {{}}; '
                             f'["name"] = "{other}"; }}; ' for other in people if other != one)
            (rosters / f'{one}.dat').write_text(f'return {{ {others}[false] = {{ ["version"] = 1; }}; }};\n')
        if not shutil.which('prosody'):
            raise Failed('prosody is not installed')
        with open(self.folder / 'out', 'w') as out:
            self.process = subprocess.Popen(['prosody', '-F', '--config', str(self.folder / 'cfg.lua')], stdout=out,
                                            stderr=subprocess.STDOUT)
        eventually('prosody listens', self.listens, detail=lambda: (self.folder / 'out').read_text())

    def listens(self):
        if self.process.poll() is not None:
            raise Failed('prosody ended:\n' + (self.folder / 'out').read_text())
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
