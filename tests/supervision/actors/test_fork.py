"""A forked process has none of its parent's actors (case 246), tried with a real fork."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PROGRAM = textwrap.dedent("""
    import os
    import pykka
    from supervision import Actor, ActorSystem

    class Echo(Actor):
        def on_receive(self, message):
            return message

    system = ActorSystem("parents")
    refs = [system.start(Echo(), on=runtime) for runtime in ("thread", "pool")]
    assert [ref.ask(1) for ref in refs] == [1, 1]
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for ref in refs:
                assert not ref.is_alive() and str(ref.exit_reason) == "lost"
                try:
                    ref.ask("is anybody there?")
                except pykka.ActorDeadError:
                    code += 1
            try:
                system.start(Echo())
            except Exception as error:
                print(error, flush=True)  # the child leaves by os._exit
            assert Echo.start().ask("own system") == "own system"
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print([ref.ask("still here") for ref in refs])
""")


def test_otp_246_a_forked_process_is_refused_its_parents_actors_and_can_make_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, code, alive = done.stdout.splitlines()
    assert refused.startswith("system 'parents' belongs to the parent process")
    assert "make a new ActorSystem after the fork" in refused
    assert code == "3", "each request was answered 'dead' at once"
    assert alive == "['still here', 'still here']", "the parent goes on"
