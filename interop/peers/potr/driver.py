"""One end of a conversation spoken by python3-potr, driven line by line (see ../../PROTOCOL.md). Version 2 only."""
import base64
import logging
import os
import sys

import shim
from potr import compatcrypto, context, crypt, proto

STATES = {context.STATE_PLAINTEXT: 'plaintext', context.STATE_ENCRYPTED: 'encrypted',
          context.STATE_FINISHED: 'finished'}
AUTH = {crypt.STATE_NONE: 'none', crypt.STATE_AWAITING_DHKEY: 'awaiting-dhkey',
        crypt.STATE_AWAITING_REVEALSIG: 'awaiting-revealsig', crypt.STATE_AWAITING_SIG: 'awaiting-sig'}
POLICIES = {'manual': set(), 'tag': {'SEND_TAG'}, 'opportunistic': {'SEND_TAG'}, 'always': {'REQUIRE_ENCRYPTION'}}
CAPS = '''caps v2 query tag simultaneous smp question abort extrakey heartbeat heartbeat-now heartbeat-due fragment end \
refresh-ask refresh-answer keyfile state-ssid
cannot v1 declared in the package, but not written
cannot v3 the package does not know version 3
cannot instances instance tags came with version 3
cannot to instance tags came with version 3
cannot policy-error-start an error message never starts a key exchange
cannot policy-tag-start-off a white-space tag always starts a key exchange
cannot simultaneous-win the two commits are never compared: it always gives way
cannot half the half it keeps goes by the size of the keys, not by who sent the Reveal Signature
cannot smp-fourth-message after a failed check it sends an abort instead
cannot unknown-tlv a message with a TLV it does not know, or an abort with a body, is thrown away with an exception
cannot extrakey-after-rotation the key is derived once from the key exchange and never again'''


def say(line):
    sys.stdout.write(line + '\n')


def enc(data):
    return data.hex() or '-'


def dec(word):
    return b'' if word == '-' else bytes.fromhex(word)


class Conversation(context.Context):
    """Tells what happens; the package leaves all of this to its user."""
    allowed = set()

    def getPolicy(self, key):
        return key in self.allowed

    def inject(self, msg, appdata=None):
        say('wire ' + enc(msg))

    def setState(self, newstate):
        if newstate == context.STATE_ENCRYPTED:
            say('event refreshed' if self.state == newstate else 'event encrypted')
        elif newstate == context.STATE_FINISHED:
            say('event finished')
        super().setState(newstate)

    def processTLVs(self, tlvs, appdata=None):
        super().processTLVs(tlvs, appdata)
        for tlv in tlvs:
            if isinstance(tlv, proto.SMPTLV):
                self.tell_smp(tlv)
            elif isinstance(tlv, proto.ExtraKeyTLV):
                say(f'event extrakey {enc(tlv.appid)} {enc(tlv.appdata)} {enc(self.crypto.extraKey)}')

    def tell_smp(self, tlv):
        smp = self.crypto.smp
        if isinstance(tlv, proto.SMPABORTTLV):
            say('event smp-aborted')
        elif smp.prog == crypt.SMPPROG_SUCCEEDED:
            say('event smp-success')
        elif smp.prog == crypt.SMPPROG_FAILED:
            say('event smp-failure')
        elif smp.prog == crypt.SMPPROG_CHEATED:
            say('event smp-cheated')
        elif isinstance(tlv, proto.SMP1QTLV):
            say('event smp-asked ' + enc(tlv.msg))
        elif isinstance(tlv, proto.SMP1TLV):
            say('event smp-asked')


class Account(context.Account):
    contextclass = Conversation

    def saveTrusts(self):
        pass


def load_key(path):
    if path and os.path.exists(path):
        with open(path, 'rb') as f:
            return compatcrypto.PK.parsePrivateKey(base64.b64decode(f.read()))[0]
    key = compatcrypto.generateDefaultKey()
    if path:
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'wb') as f:
            f.write(base64.b64encode(key.serializePrivateKey()) + b'\n')
    return key


def send(conv, text):
    required = conv.state == context.STATE_PLAINTEXT and conv.getPolicy('REQUIRE_ENCRYPTION')
    if required:
        say('refused encryption-required')
    rest = conv.sendMessage(context.FRAGMENT_SEND_ALL, text)
    if rest is not None:
        say('wire ' + enc(rest))


def receive(conv, message):
    try:
        text, _ = conv.receiveMessage(message)
        if text:
            say('text ' + enc(text))
    except context.UnencryptedMessage as e:
        say('event note unencrypted')
        say('clear ' + enc(e.args[0]))
    except context.NotOTRMessage as e:
        say('clear ' + enc(e.args[0]))
    except context.ErrorReceived as e:
        say('event error ' + enc(e.args[0].error.strip()))
    except context.NotEncryptedError:
        say('event unreadable not-in-private')
    except crypt.InvalidParameterError:
        say('event unreadable')


def show_state(conv):
    engine, private = conv.crypto, conv.state == context.STATE_ENCRYPTED
    auth = AUTH[engine.ake.state] if engine.ake else 'none'
    theirs = engine.theirPubkey.cfingerprint() if engine.theirPubkey else '-'
    trust = conv.getCurrentTrust() or '-'
    say(f"state {STATES[conv.state]} version={2 if private else 0} ssid={enc(engine.sessionId) if private else '-'} "
        f'half=- ours={conv.user.getPrivkey().cfingerprint()} theirs={theirs} trust={trust} auth={auth}')


def obey(conv, words):
    command, args = words[0], words[1:]
    if command == 'caps':
        say(CAPS)
    elif command == 'start':
        say('wire ' + enc(conv.user.getDefaultQueryMessage(conv.getPolicy)))
    elif command == 'say':
        send(conv, dec(args[0]))
    elif command == 'recv':
        receive(conv, dec(args[0]))
    elif command == 'state':
        show_state(conv)
    elif command == 'tick':
        pass
    elif command == 'end':
        if conv.state != context.STATE_PLAINTEXT:
            conv.disconnect()
    elif command not in ('smp', 'answer', 'abort', 'extrakey', 'heartbeat'):
        say(f'cannot {command} the package has no such call')
    elif conv.state != context.STATE_ENCRYPTED:
        say('refused not-private')
    elif command == 'smp':
        conv.smpInit(dec(args[0]), dec(args[1]) if len(args) > 1 else None)
    elif command == 'answer':
        conv.smpGotSecret(dec(args[0]))
    elif command == 'abort':
        conv.smpAbort()
    elif command == 'extrakey':
        say('extrakey ' + enc(conv.getExtraKey(bytes.fromhex(args[0]), dec(args[1]))))
    elif args == ['due']:
        conv.lastSend = 0
    else:
        conv.sendInternal(b'')


def tell_heartbeats(conv):
    """An empty data message leaves no trace in what the package returns."""
    read = conv.crypto.handleDataMessage

    def wrapped(message):
        text, tlvs = read(message)
        if not text:
            say('event heartbeat')
        return text, tlvs
    conv.crypto.handleDataMessage = wrapped


def main():
    if len(sys.argv) < 3:
        sys.exit('usage: driver ME PEER [versions=2] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH]')
    args = {'versions': '2', 'fragment': '0', 'policy': 'manual', 'instance': '', 'keyfile': ''}
    for word in sys.argv[3:]:
        name, _, value = word.partition('=')
        if name not in args:
            sys.exit(f'potr driver: bad argument {word}')
        args[name] = value
    logging.disable()
    shim.install()
    Conversation.allowed = POLICIES[args['policy']] | ({'ALLOW_V2'} if '2' in args['versions'] else set())
    account = Account(sys.argv[1], 'interop', int(args['fragment']), load_key(args['keyfile']))
    conv = account.getContext(sys.argv[2])
    tell_heartbeats(conv)
    for line in sys.stdin:
        words = line.split()
        if words == ['quit']:
            return
        try:
            obey(conv, words)
        except context.NotEncryptedError:
            say('refused finished' if conv.state == context.STATE_FINISHED else 'refused not-private')
        except Exception as e:  # whatever the package lets through is a finding, not the end of the run
            say('refused panic ' + repr(e).replace('\n', ' '))
        say('done')
        sys.stdout.flush()


main()
