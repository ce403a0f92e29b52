"""Servers on free ports of loopback, for one run: ngircd, inspircd, atheme-services, znc, microsocks.

They run without rights, and keep everything in a folder that is thrown away.
"""
import glob
import os
import pwd
import shutil
import socket
import subprocess
import time

from terminal import NGIRCD, Failed, free_port

NGIRCD_TLS = '''[SSL]
    CertFile = {chain}
    KeyFile = {key}
    Ports = {tls}
'''

INSPIRCD = '''<server name="irc.interop.test" description="a server for one run" network="Interop" id="001">
<admin name="nobody" nick="nobody" email="nobody@interop.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<bind address="127.0.0.1" port="{tls}" type="clients" sslprofile="clients">
<bind address="127.0.0.1" port="{servers}" type="servers">
<sslprofile name="clients" provider="gnutls" certfile="{chain}" keyfile="{key}" hash="sha256">
<module name="sha256"><module name="cap"><module name="ssl_gnutls"><module name="sslinfo">
<module name="spanningtree"><module name="services_account"><module name="sasl"><module name="ircv3">
<module name="ircv3_accounttag"><module name="ircv3_batch"><module name="ircv3_capnotify">
<module name="ircv3_ctctags"><module name="ircv3_echomessage"><module name="ircv3_servertime">
<module name="chghost"><module name="hidechans"><module name="servprotect"><module name="topiclock"><module name="mlock">
<link name="services.interop.test" ipaddr="127.0.0.1" port="{servers}" allowmask="127.0.0.1" sendpass="link"
 recvpass="link">
<uline server="services.interop.test" silent="yes">
<sasl target="services.interop.test" requiressl="no">
<connect allow="*" timeout="60" pingfreq="300" localmax="100" globalmax="100" resolvehostnames="no" threshold="100"
 commandrate="100000" fakelag="no" modes="">
<class name="all" commands="*"><type name="oper" classes="all">
<pid file="{folder}/inspircd.pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/inspircd.log">
<options prefixquit="Quit: ">
<performance netbuffersize="10240" somaxconn="128" softlimit="1000">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" moduledir="/usr/lib/inspircd/modules">
'''

ATHEME = '''loadmodule "modules/protocol/inspircd";
loadmodule "modules/backend/opensex";
loadmodule "modules/crypto/posix";
loadmodule "modules/nickserv/main";
loadmodule "modules/nickserv/cert";
loadmodule "modules/nickserv/identify";
loadmodule "modules/nickserv/register";
loadmodule "modules/saslserv/main";
loadmodule "modules/saslserv/plain";
loadmodule "modules/saslserv/external";
serverinfo {{ name = "services.interop.test"; desc = "services for one run"; numeric = "00A"; recontime = 1;
  netname = "Interop"; hidehostsuffix = "users"; adminname = "nobody"; adminemail = "nobody@interop.test";
  registeremail = "nobody@interop.test"; mta = "/bin/true"; loglevel = {{ all; }}; maxcertfp = 5; maxlogins = 5;
  maxusers = 5; auth = none; casemapping = rfc1459; }};
uplink "irc.interop.test" {{ host = "127.0.0.1"; send_password = "link"; receive_password = "link"; port = {port}; }};
nickserv {{ nick = "NickServ"; user = "NickServ"; host = "services.interop.test"; real = "accounts"; spam; }};
saslserv {{ nick = "SaslServ"; user = "SaslServ"; host = "services.interop.test"; real = "accounts"; hide_server_names; }};
database {{ commit_interval = 5; }};
general {{ commit_interval = 5; flood_msgs = 0; }};
'''

ZNC = '''Version = 1.8.2
AnonIPLimit = 100
ConnectDelay = 0
ServerThrottle = 1
<Listener one>
    AllowIRC = true
    AllowWeb = false
    Host = 127.0.0.1
    IPv4 = true
    IPv6 = false
    Port = {port}
    SSL = false
</Listener>
<User alice>
    Admin = false
    AltNick = alice_
    Nick = alice
    Ident = alice
    RealName = alice
    AutoClearQueryBuffer = true
    QueryBufferSize = 100
    <Network loop>
        IRCConnectEnabled = true
        FloodBurst = 100
        FloodRate = 100.00
        JoinDelay = 0
        Server = 127.0.0.1 {server}
    </Network>
    <Pass password>
        Hash = sesame
        Method = Plain
    </Pass>
</User>
'''


class Server:
    """A process that listens; `port` is its first port."""

    # Some servers refuse to run as root, and none needs to.
    nobody = pwd.getpwnam('nobody') if os.getuid() == 0 else None

    def __init__(self, folder):
        self.folder = os.path.join(folder, self.__class__.__name__.lower())
        os.makedirs(self.folder, exist_ok=True)
        self.own(self.folder)
        self.port = free_port()

    def own(self, path):
        if self.nobody:
            os.chown(path, self.nobody.pw_uid, self.nobody.pw_gid)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)
        while path.startswith(self.folder):
            self.own(path)
            path = os.path.dirname(path)
        return os.path.join(self.folder, name)

    def launch(self, name, *arguments):
        program = shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin')
        if not program:
            raise Failed(f'{name} is not installed; run interop/install')
        as_nobody = {'user': self.nobody.pw_uid, 'group': self.nobody.pw_gid, 'extra_groups': []} if self.nobody else {}
        self.log = open(os.path.join(self.folder, 'output'), 'wb')
        self.process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
            env={'PATH': os.environ.get('PATH', ''), 'HOME': self.folder, 'LANG': 'C.UTF-8'}, **as_nobody)

    def listens(self, port=None):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(('127.0.0.1', port or self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed(f'{self.__class__.__name__} does not listen: ' + '\n'.join(self.transcript()))

    def transcript(self):
        lines = []
        for path in glob.glob(f'{self.folder}/output') + glob.glob(f'{self.folder}/*.log'):
            with open(path, errors='replace') as f:
                lines += f.read().splitlines()[-30:]
        return lines

    def stop(self):
        if getattr(self, 'process', None):
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()


class Ngircd(Server):
    def __init__(self, folder, chain, key):
        super().__init__(folder)
        self.tls = free_port()
        user = self.nobody or pwd.getpwuid(os.getuid())
        conf = NGIRCD.format(port=self.port, user=user.pw_uid, group=user.pw_gid)
        conf += NGIRCD_TLS.format(chain=chain, key=key, tls=self.tls)
        self.launch('ngircd', '--nodaemon', '--config', self.write('ngircd.conf', conf))
        self.listens()
        self.listens(self.tls)


class Inspircd(Server):
    def __init__(self, folder, chain, key):
        super().__init__(folder)
        self.tls, self.servers = free_port(), free_port()
        conf = INSPIRCD.format(folder=self.folder, port=self.port, tls=self.tls, servers=self.servers, chain=chain, key=key)
        self.launch('inspircd', '--nofork', '--config=' + self.write('inspircd.conf', conf))
        self.listens()
        self.listens(self.tls)


class Atheme(Server):
    """Services; there is nothing that listens, they answer when they are linked."""

    def __init__(self, folder, port):
        super().__init__(folder)
        conf = self.write('atheme.conf', ATHEME.format(port=port))
        self.launch('atheme-services', '-n', '-c', conf, '-D', self.folder, '-p', f'{self.folder}/pid', '-l',
                    f'{self.folder}/atheme.log')


class Znc(Server):
    def __init__(self, folder, server):
        super().__init__(folder)
        self.write('configs/znc.conf', ZNC.format(port=self.port, server=server))
        self.launch('znc', '--foreground', '--datadir', self.folder)
        self.listens()


class Microsocks(Server):
    def __init__(self, folder, port=None):
        super().__init__(folder)
        self.port = port or self.port
        self.launch('microsocks', '-i', '127.0.0.1', '-p', str(self.port))
        self.listens()
