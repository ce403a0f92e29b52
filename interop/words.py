"""The words of the conversations. Every four bytes of a private one hold a byte that no carrier message holds, so that
finding them in what was carried is never chance."""

CARRIED = frozenset(b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=?:|,.- ')
LARGE = 65536

ODD = ['?', '0', 'Grüße, κόσμε, 你好 🙂', 'é' * 300, 'zwö\nlïnës', ' späcës ö ', '<ü>&amp;</ü>', '/mé wävës', '«?ö»',
       'ä%s%n\\ü', "ö'ü\"ä"]


def numbered(number):
    """A short private text that differs from every other one in few of its pieces."""
    return f'«·{"·".join(str(number))}·» ö ü'


def nth(number):
    """The text with this number: now and then an odd one."""
    return ODD[number // 3 % len(ODD)] if number % 3 == 2 else numbered(number)


def large(number):
    """64 KiB in which no block is like another, so that a lost or misplaced one shows."""
    text = b''
    for block in range(LARGE):
        more = numbered(number * 100000 + block).encode()
        if len(text) + len(more) > LARGE:
            break
        text += more
    return text.ljust(LARGE, b'~').decode()


def pieces(data, length=4):
    return {data[at:at + length] for at in range(len(data) - length + 1)}
