"""A contender of Python's own recipe, as Nodepool and Zuul use it; the counterpart of child-locker.ts."""
import json
import random
import signal
import sys
import time

from kazoo.client import KazooClient
from kazoo.exceptions import LockTimeout

options = json.loads(sys.argv[1])
chance = random.Random(options["seed"])
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
client = KazooClient(hosts=options["hosts"], timeout=options["sessionTimeoutMs"] / 1000)
client.start()
print("ready", flush=True)

with open(options["beliefs"], "a", buffering=1) as beliefs:

    def note(fence):
        now = time.monotonic_ns()
        beliefs.write("%d %d %d\n" % (fence, now, time.monotonic_ns()))

    while not stopping:
        lock = client.Lock(options["dir"], "kazoo")
        if chance.random() < options["impatience"]:
            acquired = lock.acquire(blocking=False)
        else:
            try:
                acquired = lock.acquire(timeout=1)
            except LockTimeout:
                acquired = False
        if acquired:
            fence = client.exists(options["dir"] + "/" + lock.node).czxid
            end = time.monotonic() + chance.random() * options["holdMs"] / 1000
            print("held", flush=True)
            note(fence)
            client.create(options["log"] + "/e-", str(fence).encode(), sequence=True)
            while time.monotonic() < end:
                note(fence)
                time.sleep(0.004)
            note(fence)
            lock.release()
        time.sleep(chance.random() * 0.04)
client.stop()
