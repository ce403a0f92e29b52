"""Programs that are started in the same way by several scripts, and how they show a fingerprint."""
import pathlib
import re

from tmux_program import Program

HERE = pathlib.Path(__file__).resolve().parent
FIVE = '([0-9A-Fa-f]{8} ){4}[0-9A-Fa-f]{8}'


def digits(text):
    """The fingerprint in a line of the screen."""
    return re.search(FIVE, text).group(0).replace(' ', '').lower()


def weechat(home, port):
    """WeeChat with its otr script, whose library needs the shim."""
    scripts = home / 'python/autoload'
    scripts.mkdir(parents=True)
    first = 'from __future__ import unicode_literals\n'
    script = pathlib.Path('/usr/share/weechat/python/otr.py').read_text()
    shim = f'import sys; sys.path.insert(0, "{HERE}/peers/potr"); import shim; shim.install()\n'
    (scripts / 'otr.py').write_text(script.replace(first, first + shim, 1))
    program = Program('weechat', home, f"weechat-curses -d {home} -r '/server add loop 127.0.0.1/{port} -notls -nossl "
                       "-nicks=wes' -r '/set irc.server_default.split_msg_max_length 0' -r '/connect loop'",
                       PYTHONPATH='/usr/lib/python3/dist-packages')
    program.wait('End of MOTD')
    return program
