"""Foreign servers of XMPP, each private to one run: on free ports of loopback, in a temporary folder, with a certificate by an
authority of its own and four accounts that know each other.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from terminal import Failed, eventually, free_port

PEOPLE = ('alice', 'bob', 'carol', 'dave')

PROSODY = '''run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {direct} }}
s2s_ports = {{}}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "presence"; "message"; "iq"; "carbons"; "smacks"{more} }}
modules_disabled = {{ "s2s"; "offline"; "posix" }}
plugin_paths = {{ "{folder}/plugins" }}
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
archive_expires_after = "never"
default_archive_policy = true
dont_archive_namespaces = {{}}
ssl = {{ key = "{folder}/server.key"; certificate = "{folder}/server.pem"{tls} }}
log = {{ debug = "{folder}/log" }}
VirtualHost "{domain}"
VirtualHost "other.test"
Component "rooms.{domain}" "muc"
  muc_room_locking = false
'''

EJABBERD = '''hosts: ["{domain}", "other.test"]
loglevel: debug
log_rotate_count: 0
certfiles: ["{folder}/both.pem"]
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, access: all{tls}}}
  - {{port: {direct}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, access: all{tls}}}
auth_method: internal
auth_password_format: plain
modules:
  mod_roster: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_carboncopy: {{}}
  mod_stream_mgmt: {{}}
  mod_muc: {{host: "rooms.@HOST@"}}
{more}'''


def openssl(folder, *args):
    subprocess.run(['openssl', *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Server:
    """What both have. `archive` keeps what is said; `old_tls` knows TLS 1.2 only; a plug-in is a module for prosody."""

    def __init__(self, domain='localhost', archive=False, old_tls=False, plugin=None):
        self.domain, self.plugin, self.folder = domain, plugin, tempfile.mkdtemp(prefix=f'interop-{self.name}-')
        self.port, self.direct = free_port(), free_port()
        curve = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')
        openssl(self.folder, 'req', '-x509', *curve, '-subj', '/CN=interop', '-keyout', 'ca.key', '-out', 'ca.pem')
        openssl(self.folder, 'req', *curve, '-subj', f'/CN={domain}', '-keyout', 'server.key', '-out', 'server.csr')
        pathlib.Path(self.folder, 'san').write_text(f'subjectAltName=DNS:{domain}\n')
        openssl(self.folder, 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
                '-extfile', 'san', '-out', 'server.pem')
        try:
            self.begin(archive, old_tls)
            eventually(f'{self.name} listens', lambda: self.listens(self.port) and self.listens(self.direct),
                       detail=self.log)
            self.people()
        except BaseException:
            self.stop()
            raise

    def spawn(self, *command, **options):
        if not shutil.which(command[0]):
            raise Failed(f'{self.name} is not installed: {command[0]} is missing')
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
                                        **options)

    def people(self):
        """Waits until the accounts are there."""

    def listens(self, port):
        if self.process.poll() is not None:
            raise Failed(f'{self.name} ended: {self.log()}')
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', port)) == 0

    def log(self, last=3000):
        path = pathlib.Path(self.folder, 'log')
        return path.read_text(errors='replace')[-(last or 0):] if path.exists() else ''

    def mechanisms(self):
        """Those by which somebody has logged in so far, and somebody has. The log is written a little later."""
        return eventually('a login in the log', lambda: set(re.findall(self.chosen, self.log(None))), detail=self.log)

    def stop(self):
        process = getattr(self, 'process', None)
        if process:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Prosody(Server):
    # The versions of the archive's specification.
    archives = (2,)
    name, chosen = 'prosody', "mechanism='([A-Z0-9-]+)'"

    def begin(self, archive, old_tls):
        accounts, rosters = (pathlib.Path(self.folder, 'data', self.domain.replace('.', '%2e'), name)
                             for name in ('accounts', 'roster'))
        accounts.mkdir(parents=True)
        rosters.mkdir()
        for one in PEOPLE:
            (accounts / f'{one}.dat').write_text('return { ["password"] = "x" };\n')
            others = ''.join(f'["{other}@{self.domain}"] = {{ ["subscription"] = "both"; ["groups"] = {{}}; '
                             f'["name"] = "{other}"; }}; ' for other in PEOPLE if other != one)
            (rosters / f'{one}.dat').write_text(f'return {{ {others}[false] = {{ ["version"] = 1; }}; }};\n')
        config = pathlib.Path(self.folder, 'cfg.lua')
        config.write_text(PROSODY.format(folder=self.folder, port=self.port, direct=self.direct, domain=self.domain,
                                         more=('; "mam"' if archive else '') + (f'; "{self.plugin.stem}"' if self.plugin else ''), tls='; protocol = "tlsv1_2"' if old_tls else ''))
        if self.plugin:
            (config.parent / 'plugins').mkdir()
            shutil.copy(self.plugin, config.parent / f'plugins/mod_{self.plugin.stem}.lua')
        self.spawn('prosody', '-F', '--config', str(config))


class Ejabberd(Server):
    """As one Erlang node without a name: it meets no other ejabberd of this computer, and needs no user of its own."""
    archives = (2, 1, 0)
    name, chosen = 'ejabberd', r'Accepted c2s ([A-Z0-9-]+) authentication'

    def begin(self, archive, old_tls):
        files = [pathlib.Path(self.folder, name).read_text() for name in ('server.pem', 'server.key', 'ca.pem')]
        pathlib.Path(self.folder, 'both.pem').write_text(''.join(files))
        config = pathlib.Path(self.folder, 'ejabberd.yml')
        config.write_text(EJABBERD.format(
            folder=self.folder, port=self.port, direct=self.direct, domain=self.domain,
            more='  mod_mam: {default: always}\n' if archive else '',
            tls=', protocol_options: [no_tlsv1_3]' if old_tls else ''))
        steps = [f'ok = ejabberd_auth:try_register(<<"{one}">>, <<"{self.domain}">>, <<"x">>)' for one in PEOPLE]
        steps += [f'ok = mod_admin_extra:add_rosteritem(<<"{one}">>, <<"{self.domain}">>, <<"{other}">>, '
                  f'<<"{self.domain}">>, <<"{other}">>, <<"">>, <<"both">>)'
                  for one in PEOPLE for other in PEOPLE if other != one]
        steps += [f'ok = file:write_file("{self.folder}/people", <<>>)']
        # Where Debian has its modules.
        modules = next(pathlib.Path('/usr/lib').glob('*/ejabberd-*'), None)
        if not modules:
            raise Failed('ejabberd is not installed')
        env = dict(os.environ, HOME=self.folder, ERL_LIBS=str(modules.parent), EJABBERD_CONFIG_PATH=str(config),
                   EJABBERD_LOG_PATH=f'{self.folder}/log', ERL_CRASH_DUMP='/dev/null')
        self.spawn('erl', '-noinput', '-mnesia', 'dir', f'"{self.folder}/database"', '-s', 'ejabberd', '-eval',
                   ', '.join(steps) + '.', env=env)

    def people(self):
        eventually('ejabberd has its accounts', lambda: os.path.exists(f'{self.folder}/people'), detail=self.log)


SERVERS = {one.name: one for one in (Prosody, Ejabberd)}
