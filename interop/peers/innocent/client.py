"""Clients as anybody has them, without any OTR, set up by the steps that `chatham proxy setup` prints."""
import os
import re

from terminal import Terminal

SETTINGS = '''settings = {{
  core = {{ real_name = "{nick}"; user_name = "{nick}"; nick = "{nick}"; settings_autosave = "no"; }};
  "fe-text" = {{ actlist_sort = "refnum"; autostick_split_windows = "no"; }};
  "irc/core" = {{ cmds_max_at_once = "1000"; cmd_queue_speed = "1msec"; }};
  "fe-common/core" = {{ beep_msg_level = "NONE"; autocreate_own_query = "yes"; autocreate_query_level = "MSGS DCCMSGS"; }};
}};
'''


class Innocent(Terminal):
    """What both have."""

    def set_up(self, steps, more=()):
        """Types the steps, with `more` before the last one, which connects."""
        *first, connect = steps
        for step in [*first, *more, connect]:
            self.type(step)

    def turn(self, nick):
        """Turns to the window of somebody."""
        self.type(f'/query {nick}')

    def type_to(self, nick, text):
        self.turn(nick)
        self.type(text)

    def told(self, pattern, seconds=60):
        """Waits for words of the proxy."""
        self.turn('*chatham')
        return self.wait(pattern, seconds=seconds)

    def hears(self, text):
        self.turn('bob')
        return self.wait(self.said('bob', re.escape(text)))


class Irssi(Innocent):
    name = 'irssi'

    def __init__(self, nick, steps, more=()):
        super().__init__(nick)
        with open(os.path.join(self.home, 'config'), 'w') as f:
            f.write(SETTINGS.format(nick=nick))
        self.open(f'irssi --home={self.home}')
        self.wait('Irssi v')
        self.set_up(steps, more)
        self.wait('End of MOTD|Your key is', 'the connection')

    @staticmethod
    def said(nick, text):
        return f'<.?{nick}> {text}'

    @staticmethod
    def did(nick, deed):
        return fr'\* +{nick} {deed}'


class WeeChat(Innocent):
    name = 'weechat'

    def __init__(self, nick, steps, more=()):
        super().__init__(nick)
        begin = [
            '/set weechat.look.paste_max_lines -1', '/set weechat.bar.buflist.hidden on', '/set weechat.bar.nicklist.hidden on', '/set irc.look.smart_filter off',
            '/set weechat.look.buffer_time_format ""', '/set weechat.look.prefix_align_max 8', '/set irc.look.server_buffer independent',
            '/set irc.server_default.anti_flood_prio_high 0', '/set irc.server_default.anti_flood_prio_low 0',
            '/set irc.look.new_pv_position near_server', '/set weechat.look.jump_current_to_previous_buffer off',
            f'/set irc.server_default.nicks {nick}', f'/set irc.server_default.username {nick}',
            f'/set irc.server_default.realname {nick}',
        ]
        words = ' '.join("-r '%s'" % line.replace("'", "'\\''") for line in begin)
        self.open(f'weechat -d {self.home} {words}')
        # The proxy's sentences are long, and only whole lines are looked for.
        self.tmux('resize-window', '-t', '0', '-x', '400', '-y', '60')
        self.wait('WeeChat')
        self.set_up(steps, more)
        self.type('/buffer irc.server.default')
        self.wait('End of MOTD|Your key is', 'the connection')

    @staticmethod
    def said(nick, text):
        return fr'{nick} *\| {text}'

    @staticmethod
    def did(nick, deed):
        return fr'\*.*{nick} {deed}'
