"""A whole client to talk to: WeeChat with its otr script (python3-potr, version 2), in a terminal."""
import os
import re

from terminal import Terminal, eventually

HERE = os.path.dirname(os.path.abspath(__file__))
FINGERPRINT = '([0-9A-F]{8} ){4}[0-9A-F]{8}'
SERVER = 'loop'


class WeeChat(Terminal):
    """One WeeChat."""
    name = 'weechat'
    version = 2
    SECURED = 'secured OTR conversation started|Private conversation has been refreshed|OTR conversation started'
    ASKED = 'has requested SMP verification|requested SMP'
    SAME = 'SMP verification succeeded'
    DIFFERENT = 'SMP verification failed'
    UNEQUAL = 'comparison-ended'  # potr gives up where the text has a last message
    ENDED = 'has ended the private conversation|ended the OTR|has finished'
    PRIVATE_DEEDS = True

    def __init__(self, nick, port, host='127.0.0.1'):
        super().__init__(nick)
        # Python finds its modules beside the first python3 of the path, and potr is the system's.
        self.env['PATH'] = '/usr/bin:' + self.env['PATH']
        self.env['OTR_SHIM'] = os.path.join(os.path.dirname(HERE), 'potr')
        begin = [
            '/set weechat.bar.buflist.hidden on', '/set weechat.bar.nicklist.hidden on', '/set irc.look.smart_filter off',
            '/set weechat.look.buffer_time_format ""', '/set weechat.look.prefix_align_max 8', '/set irc.look.server_buffer independent',
            '/set irc.server_default.anti_flood_prio_high 0', '/set irc.server_default.anti_flood_prio_low 0',
            '/set irc.look.new_pv_position near_server', '/set weechat.look.jump_current_to_previous_buffer off',
            f'/server add {SERVER} {host}/{port} -nicks={nick} -username={nick} -realname={nick}',
            f'/script load {HERE}/otr_with_shim.py', f'/connect {SERVER}', f'/buffer {SERVER}',
        ]
        words = ' '.join("-r '%s'" % line.replace("'", "'\\''") for line in begin)
        self.open(f'weechat -d {self.home} {words}')
        self.wait('End of MOTD|is now your|Welcome|welcome', 'the connection')

    def clear(self):
        """Empties the window, so that what is waited for next is new."""
        self.type('/buffer clear')
        eventually(f'{self.nick}: an empty window', lambda: len([line for line in self.screen() if line]) <= 4)

    def query(self, nick):
        self.type(f'/query {nick}')

    @staticmethod
    def said(nick, text):
        return fr'{nick} *\| {text}'

    @staticmethod
    def did(nick, deed):
        return fr'\*.*{nick} {deed}'

    def spoken(self):
        """What was said last, without white space, prefixes and the lines that divide them."""
        return re.sub(r'\s|\|', '', ''.join(self.screen()))

    def ask(self, secret, question=None):
        self.type(f'/otr smp ask "{question}" {secret}' if question else f'/otr smp ask {secret}')

    def answer(self, secret):
        self.type(f'/otr smp respond {secret}')

    def end(self):
        self.type('/otr finish')

    def generate_key(self):
        """The script makes its key when it first needs one."""

    def own_key(self):
        """The fingerprint of its key, as forty lower-case hex digits."""
        self.type('/buffer core.weechat')
        self.type('/otr fingerprint')
        line = self.wait(FINGERPRINT, 'the key')
        self.type(f'/buffer irc.{SERVER}.alice')
        return re.search(FINGERPRINT, line).group(0).replace(' ', '').lower()
