"""A whole client to talk to: irssi with its otr module, in a terminal."""
import os
import re

from terminal import Terminal, eventually

NETWORK = 'loop'  # the module keeps one key for each network, under its name
FINGERPRINT = '([0-9A-F]{8} ){4}[0-9A-F]{8}'

IRSSI = '''servers = ( {{ address = "{host}"; chatnet = "{network}"; port = "{port}"; autoconnect = "yes"; use_tls = "no"; }} );
chatnets = {{ {network} = {{ type = "IRC"; nick = "{nick}"; cmdmax = "100"; cmdspeed = "1"; }}; }};
settings = {{
  core = {{ real_name = "{nick}"; user_name = "{nick}"; nick = "{nick}"; settings_autosave = "no"; }};
  "fe-text" = {{ actlist_sort = "refnum"; autostick_split_windows = "no"; }};
  "irc/core" = {{ cmds_max_at_once = "1000"; cmd_queue_speed = "1msec"; }};
  "fe-common/core" = {{ beep_msg_level = "NONE"; autocreate_own_query = "yes"; autocreate_query_level = "MSGS DCCMSGS"; }};
}};
'''


class Irssi(Terminal):
    """One irssi."""
    name = 'irssi'
    version = 3
    SECURED = 'Session secured|is now secured|unverified'
    ASKED = 'wants to authenticate'
    SAME = 'Authentication with .* successful'
    DIFFERENT = 'Authentication with .* failed'
    UNEQUAL = 'different-secret'
    ENDED = 'has finished the OTR session'
    PRIVATE_DEEDS = True

    def __init__(self, nick, port, host='127.0.0.1'):
        super().__init__(nick)
        with open(os.path.join(self.home, 'config'), 'w') as f:
            f.write(IRSSI.format(nick=nick, host=host, port=port, network=NETWORK))
        self.open(f'irssi --home={self.home}')
        self.wait('End of MOTD|MOTD|message of the day|day file is missing', 'the connection')
        self.type('/load otr')
        self.wait('otr.* (already )?loaded', 'the otr module')

    def clear(self):
        """Empties the window, so that what is waited for next is new."""
        self.type('/clear')
        eventually(f'{self.nick}: an empty window', lambda: len([line for line in self.screen() if line]) <= 3)

    def query(self, nick):
        self.type(f'/query {nick}')

    @staticmethod
    def said(nick, text):
        return f'<.?{nick}> {text}'

    @staticmethod
    def did(nick, deed):
        return fr'\* +{nick} {deed}'

    def spoken(self):
        """All that stands in the window, without white space."""
        return re.sub(r'\s', '', ''.join(self.screen()))

    def ask(self, secret, question=None):
        self.type(f'/otr authq "{question}" {secret}' if question else f'/otr auth {secret}')

    def answer(self, secret):
        self.type(f'/otr auth {secret}')

    def end(self):
        self.type('/otr finish')

    def generate_key(self):
        """Makes the long-term key, and returns its fingerprint as forty lower-case hex digits."""
        self.type('/window 1')  # where the module reports
        self.type(f'/otr genkey {NETWORK}')
        self.wait(f'OTR key generation for {NETWORK} started')

        def there():
            # The module works in the background and looks at its work only when something else happens.
            self.type('/otr info')
            return self.shown(FINGERPRINT)
        line = eventually(f'{self.nick}: the key', there, 120, lambda: '\n'.join(self.screen()))
        return re.search(FINGERPRINT, line).group(0).replace(' ', '').lower()
