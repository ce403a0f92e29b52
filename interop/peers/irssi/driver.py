"""Drives irssi and ngircd for a test that is written elsewhere, by lines like the other drivers (../../PROTOCOL.md).

    server                    -> `server PORT`; ngircd on 127.0.0.1
    client NICK PORT          -> an irssi of that nick, connected, with the otr module
    genkey NICK               -> `fingerprint HEX40`
    type NICK LINE            types LINE and enter
    wait NICK SECONDS REGEX   -> `line HEX`, the last line of the screen that matches, or `refused timeout`
    screen NICK               -> `line HEX` for each line of the screen
    clear NICK                empties the present window
    stop NICK, quit

LINE, REGEX and the answers are hex of UTF-8; every command's answers end with `done`.
"""
import subprocess
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from client import Irssi  # noqa: E402
from terminal import Failed, Server  # noqa: E402


def say(word, text=''):
    print(word, (text.encode().hex() or '-') if word == 'line' else text, sep=' ', flush=True)


def obey(words, servers, clients):
    command, args = words[0], words[1:]
    if command == 'server':
        servers.append(Server())
        say('server', str(servers[-1].port))
    elif command == 'client':
        clients[args[0]] = Irssi(args[0], int(args[1]))
    elif command == 'genkey':
        say('fingerprint', clients[args[0]].generate_key())
    elif command == 'type':
        clients[args[0]].type(bytes.fromhex(args[1]).decode())
    elif command == 'wait':
        say('line', clients[args[0]].wait(bytes.fromhex(args[2]).decode(), seconds=float(args[1])))
    elif command == 'screen':
        for line in clients[args[0]].screen():
            say('line', line)
    elif command == 'clear':
        clients[args[0]].clear()
    elif command == 'stop':
        clients.pop(args[0]).stop()
    else:
        say('cannot', f'{command} unknown-command')


def main():
    servers, clients = [], {}
    try:
        for line in sys.stdin:
            words = line.split()
            if words == ['quit']:
                return
            try:
                obey(words, servers, clients)
            except Failed as e:
                print(e, file=sys.stderr)
                say('refused', 'timeout')
            except (KeyError, IndexError, ValueError, OSError, subprocess.SubprocessError) as e:
                say('refused', repr(e))
            print('done', flush=True)
    finally:
        for each in [*clients.values(), *servers]:
            each.stop()


main()
