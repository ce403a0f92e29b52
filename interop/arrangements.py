"""Two of the same program, ours behind the one and the genuine libotr behind the other, the other way round, and ours
behind both: what the scripts that put our library under packaged programs have in common."""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / 'peers'))
from terminal import Failed  # noqa: E402

TEXTS = 20


class Stage:
    """What one arrangement has to its disposal: a folder, the two libraries, and a place for what has to be stopped."""

    def __init__(self, folder, libraries, stack, options):
        self.folder, self.libraries, self.options = pathlib.Path(folder), libraries, options
        self.stack, self.people = stack, []

    def start(self, program):
        self.stack.callback(program.stop)
        return program

    def person(self, make, *arguments):
        """Starts the next program, `make(*arguments, library)`; it is shown when something fails."""
        program = make(*arguments, self.libraries[len(self.people)])
        self.people.append(program)
        return self.start(program)

    def check_libraries(self):
        """Every program has mapped the library that it was given, and nothing else of that name."""
        for program, library in zip(self.people, self.libraries, strict=True):
            loaded = program.loaded()
            if not loaded or not all(path.startswith(library or '/usr/lib/') for path in loaded):
                raise Failed(f'{program.nick} was to use {library or "the genuine libotr"} and has loaded {loaded}')


def mapped(pid):
    """The libotr files that a process has mapped."""
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps:
        return set(re.findall(r'/\S*libotr\.so\S*', maps.read()))


def talk(one, other, say, heard, words):
    """Twenty texts each way, each waited for. `say(person, text)`, `heard(person, text)`."""
    for number in range(TEXTS):
        for who, whom in ((one, other), (other, one)):
            text = words.format(number=number, who=who.nick)
            say(who, text)
            heard(whom, text)


def play(description, program, story, options=()):
    """Plays `story(stage)`, which yields names of steps and what to do, in each arrangement. Ends the process."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', type=int, choices=(1, 2, 3, 4), help='only this arrangement; 4 is genuine behind both')
    for name, words in options:
        parser.add_argument(name, help=words)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))
    ours = subprocess.run([HERE / 'abi/library'], check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    os.environ.pop('LD_LIBRARY_PATH', None)
    arrangements = [(ours, None), (None, ours), (ours, ours)]
    failed = False
    if arguments.only:
        arrangements = [[*arrangements, (None, None)][arguments.only - 1]]
    for libraries in arrangements:
        names = ' and '.join('ours' if library else 'genuine' for library in libraries)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='interop-abi-', ignore_cleanup_errors=True))
            stage = Stage(folder, libraries, stack, arguments)
            feature, steps = 'arrival', 0
            try:
                for feature, act in story(stage):
                    act()
                    steps += 1
                    print(f'ok {program}, {names} | {feature}', flush=True)
            except (Failed, OSError, subprocess.SubprocessError) as why:
                failed = True
                print(f'FAILED {program}, {names} | {feature}: {str(why)[:6000]}', flush=True)
                for person in stage.people:
                    print(person.nick, person.excerpt(), sep='\n')
        if not steps:
            failed = True
    sys.exit(failed)
