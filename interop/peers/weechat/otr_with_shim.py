"""What WeeChat loads in place of its otr script: the same script, after Debian's python3-potr was made usable.

Scripts run in interpreters of their own, so the shim has to be put in by the one that needs it. The script stays where
its package put it; OTR_SHIM says where the shim is.
"""
import os
import sys

SCRIPT = '/usr/share/weechat/python/otr.py'

sys.path.insert(0, os.environ['OTR_SHIM'])
import shim  # noqa: E402

shim.install()

# The script gives the secret and the question as text, where potr wants bytes: under Python 3 it can neither ask nor
# answer.
from potr.context import Context  # noqa: E402


def in_bytes(method):
    def call(self, *words, **named):
        words = [word.encode() if isinstance(word, str) else word for word in words]
        return method(self, *words, **{name: word.encode() if isinstance(word, str) else word for name, word in named.items()})
    return call


Context.smpInit, Context.smpGotSecret = in_bytes(Context.smpInit), in_bytes(Context.smpGotSecret)

with open(SCRIPT, encoding='utf-8') as source:
    exec(compile(source.read(), SCRIPT, 'exec'))
