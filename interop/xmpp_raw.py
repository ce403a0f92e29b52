"""A client of XMPP that understands nothing: it logs in, sends what it is told, and keeps what comes as it came."""
import base64
import html
import re
import socket
import threading

from terminal import Failed, eventually


class Raw:
    def __init__(self, nick, port, domain='localhost', resource='raw', priority=0):
        self.nick, self.said, self.count = f'{nick}/{resource}', '', 0
        self.socket = socket.create_connection(('127.0.0.1', port))
        threading.Thread(target=self.read, daemon=True).start()
        header = (f"<stream:stream to='{domain}' version='1.0' xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>")
        self.say(header)
        self.wait('</stream:features>')
        proof = base64.b64encode(f'\0{nick}\0x'.encode()).decode()
        self.say(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>", '<success')
        self.said = ''
        self.say(header)
        self.wait('</stream:features>')
        self.ask(f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>")
        self.ask("<enable xmlns='urn:xmpp:carbons:2'/>")
        self.say(f'<presence><priority>{priority}</priority></presence>')

    def read(self):
        reader = self.socket.makefile('r', encoding='utf-8', errors='replace', newline='')
        try:
            while more := reader.read(1):
                self.said += more
        except OSError:
            pass

    def say(self, stanza, answer=None):
        self.socket.sendall(stanza.encode())
        if answer:
            self.wait(answer)

    def wait(self, pattern, seconds=30):
        return eventually(f'{self.nick}: {pattern}', lambda: re.search(pattern, self.said), seconds,
                          lambda: self.said[-3000:])

    def ask(self, question):
        """A question to the server, answered well."""
        self.count += 1
        number = f'raw-{self.count}'
        self.say(f"<iq type='set' id='{number}'>{question}</iq>")
        answer = self.wait(rf"<iq [^>]*id=['\"]{number}['\"][^>]*>").group(0)
        if 'result' not in answer:
            raise Failed(f'{self.nick}: {question}: {answer}')

    def text(self, to, text):
        self.say(f"<message to='{to}' type='chat'><body>{html.escape(text)}</body></message>")

    def archive(self, version=2):
        """The texts that the archive gives out now, in a version of its specification."""
        before = len(self.said)
        self.ask(f"<query xmlns='urn:xmpp:mam:{version}'/>")
        eventually('the end of the archive', lambda: '<fin ' in self.said[before:], detail=lambda: self.said[before:])
        return [html.unescape(body) for body in re.findall(r'<body[^>]*>(.*?)</body>', self.said[before:], re.DOTALL)]

    def bodies(self):
        return [html.unescape(body) for body in re.findall(r'<body[^>]*>(.*?)</body>', self.said, re.DOTALL)]

    def screen(self):
        return self.said.split('\n')

    def stop(self):
        try:
            self.socket.sendall(b'</stream:stream>')
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
