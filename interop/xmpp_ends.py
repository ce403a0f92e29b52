"""Foreign clients of XMPP in terminals, with libotr or without."""
import os
import pathlib
import re
import tempfile

from terminal import Terminal


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
        # Its log shows five lines, and a few more may have pushed the first sign out of sight.
        self.run(f'mcabber -f {config}', 'Connection established|Your status has been set')

    def open(self, peer):
        name = peer.split('@')[0]
        # The list comes after the connection.
        self.wait(rf'\] \*?{name}')
        self.type(f'/roster search {name}')
        self.wait(rf'Buddy: \*?{name}')
        self.type('')
        self.type('hello')

    def answer(self, secret):
        self.type(f'/otr smpr . {secret}')
