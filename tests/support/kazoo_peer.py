"""Others on the tree, on Python's own client: a Zuul (zuul-client.md) and a Python launcher's pool (launcher.md 10).

Told what to do by lines of JSON `{"do": ..., ...}` on standard input; answers each with one line. What it writes and in which
order is Python's and not ours, so nothing here may be shared with the code under test.
"""
import json
import sys
import threading
import time
import uuid

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NoNodeError

options = json.loads(sys.argv[1])
client = KazooClient(hosts=options["hosts"], timeout=options.get("sessionTimeoutMs", 4000) / 1000)
client.start()
SYSTEM = "0d1f" * 8
REQUESTS = "/nodepool/requests"
NODES = "/nodepool/nodes"
filed = {}
locks = {}
nodes = {}
keys_read = {}
components = {}


def request_path(request):
    return "%s/%s" % (REQUESTS, request)


def request_lock(request):
    return client.Lock("/nodepool/requests-lock/%s" % request)


def node_path(node):
    return "%s/%s" % (NODES, node)


def read(path):
    data, stat = client.get(path)
    return json.loads(data.decode()), stat


def dump(record):
    return json.dumps(record).encode()


# --------------------------------------------------------------------------------------------- a scheduler


def submit(labels, priority=200, provider=None, relative_priority=0, tenant="acme"):
    now = time.time()
    span = {"trace_id": 2**127 + 1, "span_id": 2**63 + 3, "start_time": time.time_ns(), "trace_flags": 1}
    data = {"build_set_uuid": uuid.uuid4().hex, "job_name": "unit \u00e4 %s" % uuid.uuid4(), "span_info": span}
    record = {
        "requestor_data": data,
        "node_types": labels,
        "requestor": SYSTEM,
        "created_time": now,
        "provider": provider,
        "state": "requested",
        "state_time": now,
        "relative_priority": relative_priority,
        "event_id": uuid.uuid4().hex,
        "tenant_name": tenant,
    }
    path = client.create("%s/%03d-" % (REQUESTS, priority), dump(record), makepath=True, sequence=True)
    request = path.rsplit("/", 1)[1]
    filed[request] = data
    return request


def final(request):
    """Looks at each version as Zuul's listener does: what lacks a key raises. With what the nodes are like at that moment."""
    done = threading.Event()
    found = {}

    def look(data, stat, _event=None):
        if data is None:
            return
        record = json.loads(data.decode())
        for key in ("requestor_data", "requestor", "node_types", "provider", "state", "state_time", "event_id"):
            if key not in record:
                found["trouble"] = "a version lacks " + key
        if request in filed and record["requestor_data"] != filed[request]:
            found["trouble"] = "requestor_data came back as %s" % record["requestor_data"]
        found.setdefault("states", []).append(record["state"])
        if record["state"] in ("fulfilled", "failed") and not done.is_set():
            found["record"] = record
            found["nodes"] = [look_at_node(it) for it in record.get("nodes", [])]
            done.set()

    client.DataWatch(request_path(request), look)
    if not done.wait(30):
        raise Exception("not final: %s" % found)
    return found


def look_at_node(node):
    record, stat = read(node_path(node))
    try:
        contenders = client.get_children(node_path(node) + "/lock")
    except NoNodeError:
        contenders = []
    return {"id": node, "record": record, "contenders": contenders, "ephemeral": stat.ephemeralOwner != 0}


def revise(request, relative_priority, version=None):
    record, stat = read(request_path(request))
    lock = request_lock(request)
    if not lock.acquire(blocking=False):
        return "busy"
    try:
        record["relative_priority"] = relative_priority
        client.set(request_path(request), dump(record), stat.version if version is None else version)
        return "revised"
    except BadVersionError:
        return "stale"
    finally:
        lock.release()


def accept(request):
    """As an executor: checks the copy that it has read before it locks, and deletes the request in any case."""
    record, _stat = read(request_path(request))
    taken = []
    try:
        if record["state"] != "fulfilled":
            raise Exception("request is " + record["state"])
        for node in record["nodes"]:
            found, _stat = read(node_path(node))
            if found["allocated_to"] != request:
                raise Exception("node %s is of %s" % (node, found["allocated_to"]))
            lock = client.Lock(node_path(node) + "/lock")
            lock.acquire(blocking=True, timeout=30.0)
            taken.append(node)
            locks[node], nodes[node], keys_read[node] = lock, found, list(found)
    finally:
        client.delete(request_path(request))
    return taken


def write_node(node):
    """The fixed keys, and every one that was there when it was read."""
    fixed = ["state", "hold_job", "comment", "user_data", "tenant_name", "requestor"]
    record = {"id": node}
    for key in fixed + keys_read[node]:
        record[key] = nodes[node].get(key)
    client.set(node_path(node), dump(record))


def use(taken):
    for node in taken:
        data = {"zuul_system": SYSTEM, "project_name": "example.org/project"}
        nodes[node].update(state="in-use", state_time=time.time(), user_data=data)
        write_node(node)


def give_back(taken):
    for node in taken:
        if nodes[node]["state"] == "in-use":
            nodes[node].update(state="used", state_time=time.time())
            write_node(node)
    for node in taken:
        locks.pop(node).release()


def hold(taken, expiration=None):
    for node in taken:
        nodes[node].update(state="hold", state_time=time.time(), hold_job="acme p j .*", comment="look")
        if expiration:
            nodes[node]["hold_expiration"] = expiration
        write_node(node)
    for node in taken:
        locks.pop(node).release()


def cancel(request):
    try:
        client.delete(request_path(request))
        return True
    except NoNodeError:
        return False


# -------------------------------------------------------------------------------------------- a launcher


def register(provider, labels, priority=100, paused=False, name="main"):
    pool = "py01.example.org-PoolWorker.%s-%s-%s" % (provider, name, uuid.uuid4().hex)
    content = {
        "hostname": "py01",
        "id": pool,
        "kind": "pool",
        "model_api": 0,
        "name": name,
        "paused": paused,
        "priority": priority,
        "provider_name": provider,
        "state": "running",
        "supported_labels": labels,
        "version": "10.0.0",
    }
    path = client.create(
        "/nodepool/components/pool/py01",
        json.dumps(content, sort_keys=True).encode(),
        makepath=True,
        ephemeral=True,
        sequence=True,
    )
    components[pool] = [path, content, 0]
    return pool


def pause(pool, paused=True):
    path, content, version = components[pool]
    content["paused"] = paused
    stat = client.set(path, json.dumps(content, sort_keys=True).encode(), version)
    components[pool][2] = stat.version


def decline(request, pool):
    lock = request_lock(request)
    if not lock.acquire(blocking=False):
        return "busy"
    try:
        record = stored_request(request)
        if record["state"] != "requested":
            return record["state"]
        record["declined_by"].append(pool)
        registered = [
            read("/nodepool/components/pool/" + it)[0]["id"] for it in client.get_children("/nodepool/components/pool")
        ]
        state = "failed" if set(registered) <= set(record["declined_by"]) else "requested"
        record.update(state=state, state_time=time.time())
        client.set(request_path(request), dump(record))
        return state
    finally:
        lock.release()


def stored_request(request):
    """Python's object has every key, whoever wrote the record."""
    record, _stat = read(request_path(request))
    defaults = {
        "declined_by": [],
        "nodes": [],
        "reuse": True,
        "requestor_data": None,
        "provider": None,
        "relative_priority": 0,
        "event_id": None,
        "created_time": None,
        "tenant_name": None,
    }
    return {**defaults, **record}


def set_request(request, lock=False, **changes):
    """Under its lock, which stays ours if asked for."""
    own = request_lock(request)
    own.acquire(timeout=10)
    record = stored_request(request)
    record.update(state_time=time.time(), **changes)
    client.set(request_path(request), dump(record))
    if lock:
        locks[request] = own
    else:
        own.release()


def make_node(record, lock=False, persistent_lock=None):
    path = client.create(NODES + "/", dump(record), makepath=True, sequence=True)
    node = path.rsplit("/", 1)[1]
    if lock:
        locks[node] = client.Lock(path + "/lock")
        locks[node].acquire(timeout=10)
    if persistent_lock is not None:
        name = "%s/lock/%s__lock__" % (path, uuid.uuid4().hex)
        client.create(name, persistent_lock.encode(), makepath=True, sequence=True)
    return node


def try_lock(path):
    lock = client.Lock(path)
    if not lock.acquire(blocking=False):
        return False
    lock.release()
    return True


def contenders(path):
    return client.Lock(path).contenders()


def unlock(what):
    locks.pop(what).release()


COMMANDS = {it.__name__: it for it in (
    submit, final, revise, accept, use, give_back, hold, cancel, register, pause, decline, set_request, make_node,
    try_lock, contenders, unlock,
)}
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"answer": COMMANDS[command.pop("do")](**command)}
    except Exception as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
client.stop()
