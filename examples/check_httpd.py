"""Runs examples/httpd as people and their bad clients do: check_httpd.py CASE --folder WHERE_IT_IS --driver NAME
[--system wine]."""

import argparse
import ctypes
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from httpd_server import SECONDS, Server, parse, receive_all, receive_response, wait
from programs import Programs, add_options, listens

try:
    import resource
except ImportError:  # on Windows
    resource = None


def pages(options):
    server = Server(options)
    code, fields, body = server.get()
    assert code == 200 and b"eddy" in body and fields["Content-Type"].startswith("text/html")
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", fields["Date"]), fields
    assert fields["Connection"] == "close" and int(fields["Content-Length"]) == len(body)
    assert server.get("/none")[0] == 404
    code, fields, body = parse(server.ask(b"HEAD / HTTP/1.0\r\n\r\n"))
    assert code == 200 and body == b"" and int(fields["Content-Length"]) > 0
    with server.connect() as client, client.makefile("rb") as stream:
        for i in range(50):
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert receive_response(stream)[0] == 200
        # Pipelined, in one piece; the last of them closes.
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 500 +
                       b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert [receive_response(stream)[0] for _ in range(501)] == [200] * 500 + [404]
        assert stream.read() == b""
    server.stop(by_keyboard=True)


def echo(options):
    server = Server(options)
    with server.connect() as client, client.makefile("rb") as stream:
        for size in (0, 1, 1000, 65536, 1 << 20):
            body = random.randbytes(size)
            client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: %d\r\n\r\n" %
                           size + body)
            code, fields, got = receive_response(stream)
            assert code == 200 and got == body and fields["Content-Type"] == "a/b", (size, code, fields)
            chunks, left = b"", body
            while left:
                step = random.randint(1, 40000)
                chunks += b"%x\r\n%s\r\n" % (len(left[:step]), left[:step])
                left = left[step:]
            client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks +
                           b"0\r\n\r\n")
            assert receive_response(stream)[2] == body, size
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert receive_response(stream)[0] == 100
        client.sendall(b"abc")
        assert receive_response(stream)[2] == b"abc"
    # Byte by byte.
    with server.connect() as client, client.makefile("rb") as stream:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n":
            client.sendall(bytes([byte]))
        assert receive_response(stream)[2] == b"hello"
    server.stop()


def files(options):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        (root / "sub dir").mkdir(parents=True)
        Path(folder, "secret").write_text("secret", encoding="ascii")
        big = random.randbytes(3000001)
        contents = {"index.html": b"<p>index", "a.txt": b"text", "empty.css": b"", "big.bin": big,
                    "sub dir/index.html": b"<p>sub", "sub dir/64k": big[:65536]}
        for name, content in contents.items():
            (root / name).write_bytes(content)
        (root / "closed").mkdir()
        if options.system == "unix":
            (root / "out").symlink_to("../secret")
            (root / "link").symlink_to(folder)
            os.mkfifo(root / "fifo")
            special = (("/out", 403), ("/link/secret", 404), ("/fifo", 403))
        else:  # links cannot be made under Wine, and need a privilege on Windows
            special = (("/NUL", 404), ("/a.txt::$DATA", 404), ("/a.txt:x", 404), ("/a.txt.", 404), ("/a.txt%20", 404),
                       ("/C:/", 404), ("/SUB~1/64k", 404), ("/%ff.txt", 404))
        server = Server(options, "--root", root)
        before = server.descriptors()
        for name, content in contents.items():
            code, fields, body = server.get("/" + name.replace(" ", "%20"))
            assert code == 200 and body == content, (name, code, len(body))
            assert int(fields["Content-Length"]) == len(content)
        assert server.get("/")[2] == b"<p>index" and server.get("/sub%20dir/?x")[2] == b"<p>sub"
        assert server.get("/a.txt")[1]["Content-Type"] == "text/plain; charset=utf-8"
        code, fields, _ = server.get("/sub%20dir")
        assert code == 301 and fields["Location"] == "/sub%20dir/", fields
        code, fields, body = parse(server.ask(b"HEAD /big.bin HTTP/1.0\r\n\r\n"))
        assert (code, fields["Content-Length"], body) == (200, "3000001", b"")
        for path, wanted in (("/none", 404), ("/a.txt/b", 404), ("/closed/", 404), ("/a.txt/", 404),
                             *special, ("/" + "a" * 300, 404),
                             ("/../secret", 400), ("/sub%20dir/..%2f..%2fsecret", 400), ("/%2e%2e/secret", 400),
                             ("/a.txt%00.html", 400), ("//secret", 404), ("/a\\..\\b", 400)):
            code, _, body = server.get(path)
            assert code == wanted and b"secret" not in body, (path, code, body)
        with server.connect() as client, client.makefile("rb") as stream:
            names = [random.choice(list(contents)) for _ in range(100)]
            client.sendall(b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % name.replace(" ", "%20").encode()
                                    for name in names))
            for name in names:
                assert receive_response(stream)[2] == contents[name], name
        server.settle(before)
        server.stop()


MALFORMED = (
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n", 400), (b"GET / HTTP/1.1\nHost: a\n\n", 400), (b"GET\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    (b"BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 501),
    (b"DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5000000, 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n" + b"x" * 1048577, 413),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n", 413),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx", 417),
    (b"GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", 400), (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
)


def malformed(options):
    server = Server(options)
    before = server.descriptors()
    for request, wanted in MALFORMED:
        code, fields, _ = parse(server.ask(request))
        assert code == wanted, (request[:100], code)
        assert fields["Connection"] == "close", request[:100]
    rng = random.Random(7)
    for _ in range(300):
        request = bytearray(rng.choice(MALFORMED)[0][:2000])
        for _ in range(rng.randint(1, 20)):
            request[rng.randrange(len(request))] = rng.randrange(256)
        with server.connect() as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            receive_all(client)
    assert server.get()[0] == 200
    server.settle(before)
    server.stop()


def loris(options):
    """Clients that trickle, or say nothing, are let go; what they hold is given back."""
    server = Server(options, "--request", 400, "--idle", 500)
    before = server.descriptors()
    silent = [server.connect() for _ in range(20)]
    trickling = [server.connect() for _ in range(20)]
    for client in trickling:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\n")
    ended = set()
    until = time.monotonic() + SECONDS
    while len(ended) < len(trickling):
        assert time.monotonic() < until, "a client that trickles is served for ever"
        for client in trickling:
            if client in ended:
                continue
            try:
                client.sendall(b"X: y\r\n")
                client.setblocking(False)
                if client.recv(1, socket.MSG_PEEK):
                    ended.add(client)
            except BlockingIOError:
                pass
            except ConnectionError:
                ended.add(client)
            finally:
                client.setblocking(True)
                client.settimeout(SECONDS)
        time.sleep(0.05)
    for client in silent:
        assert receive_all(client) == b"", "an idle client is told nothing"
        client.close()
    for client in trickling:
        client.close()
    # A head that never ends, said quietly, has its 408.
    with server.connect() as client:
        client.sendall(b"GET / HT")
        assert parse(receive_all(client))[0] == 408
    # A body that never comes, likewise.
    with server.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert parse(receive_all(client))[0] == 408
    server.settle(before)
    server.stop()


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def vanish(options):
    """Clients go in the middle of a request, of a response, or before anything; with an end or a reset."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "big").write_bytes(bytes(8 << 20))
        server = Server(options, "--root", folder)
        before = server.descriptors()
        rng = random.Random(11)
        whole = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + bytes(5000)
        for i in range(400):
            client = server.connect()
            if i % 2:
                client.sendall(whole[:rng.randrange(len(whole))])
            else:
                client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * rng.randint(1, 3))
                if rng.random() < 0.7:
                    client.recv(rng.randint(1, 200000))
            reset(client) if rng.random() < 0.5 else client.close()
        assert server.get("/big")[0] == 200
        server.settle(before)
        server.stop()


def descriptors(options):
    """More clients than descriptors: those that fit are served, the others when some have gone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index.html").write_bytes(b"<p>index")
        server = Server(options, "--root", folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
        before = server.descriptors()
        clients = [server.connect() for _ in range(60)]  # the last ones wait in the kernel's queue
        wait(lambda: server.descriptors() >= 40, "it does not accept as many as it may")
        with clients[0].makefile("rb") as stream:
            clients[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert receive_response(stream)[0] == 503, "there is no descriptor for the file"
        for client in clients[:45]:
            client.close()
        for client in clients[45:]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert parse(receive_all(client))[0] in (200, 503)
            client.close()
        server.settle(before)
        assert server.get()[2] == b"<p>index"
        server.stop()


def chunks(options):
    """What a body is cut into costs no memory."""
    server = Server(options)
    server.get()
    before = server.resident()
    piece = b"1;" + b"a" * 250 + b"\r\nx\r\n"
    with server.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(300):
            client.sendall(piece * 500)  # 37 MB in all
        client.sendall(b"0\r\n\r\n")
        with client.makefile("rb") as stream:
            assert receive_response(stream)[2] == b"x" * 150000
        grown = server.resident() - before
        assert grown < 16 << 20, f"{grown >> 20} MB"
    server.stop()


def descriptor_of(process, number):
    """A duplicate of a descriptor of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(process.pid)
    try:
        return libc.syscall(438, pidfd, number, 0)  # pidfd_getfd, on all architectures
    finally:
        os.close(pidfd)


def refused(options):
    """A listener that accepts no more is no reason to go on without a word."""
    server = Server(options)
    for name in os.listdir(f"/proc/{server.process.pid}/fd"):
        if not os.readlink(f"/proc/{server.process.pid}/fd/{name}").startswith("socket:"):
            continue
        copy = descriptor_of(server.process, int(name))
        if copy < 0:
            print("SKIP: pidfd_getfd is not allowed here")
            sys.exit(77)
        with socket.socket(fileno=copy) as found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.shutdown(socket.SHUT_RDWR)
    _, err = server.process.communicate(timeout=SECONDS)
    assert server.process.returncode == 1 and err.startswith("httpd: accept: "), (server.process.returncode, err)


def slow_readers(options):
    """A response waits for its reader, not in memory; one that never reads is let go."""
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder, "huge"), "wb") as file:
            file.truncate(64 << 20)
        server = Server(options, "--root", folder, "--write", 1500)
        before, memory = server.descriptors(), server.resident()
        clients = [server.connect() for _ in range(40)]
        for client in clients:
            client.sendall(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n" * 4)
        code, _, body = server.get("/huge")  # meanwhile others are served
        assert code == 200 and len(body) == 64 << 20
        grown = server.resident() - memory
        assert grown < 64 << 20, f"{grown} bytes for 40 clients that do not read"
        server.settle(before)  # their time is over
        for client in clients:
            client.close()
        server.stop()


def drain(options):
    # Idle clients are closed, a request in flight ends, and no new ones are taken.
    server = Server(options)
    idle = [server.connect() for _ in range(20)]
    with idle[0].makefile("rb") as stream:
        idle[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert receive_response(stream)[0] == 200
    busy = server.connect()
    busy.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    assert busy.recv(100).startswith(b"HTTP/1.1 100")
    server.ask_to_end()
    for client in idle:
        assert receive_all(client) == b""
    wait(lambda: not listens(server.port), "it still listens")
    busy.sendall(b"done")
    code, fields, body = parse(receive_all(busy))
    assert (code, fields["Connection"], body) == (200, "close", b"done")
    server.ended()

    # One that does not end has until the deadline, or until a second signal.
    for arguments, signals in ((["--drain", 200], 1), (["--drain", 3600000, "--request", 3600000], 2)):
        server = Server(options, *arguments)
        with server.connect() as client:
            client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 100")
            server.ask_to_end(by_keyboard=True)
            if signals == 2:
                wait(lambda: not listens(server.port), "it still listens")
                server.ask_to_end()
            server.ended()

    # In the middle of large responses.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "big").write_bytes(bytes(20 << 20))
        server = Server(options, "--root", folder)
        clients = [server.connect() for _ in range(5)]
        for client in clients:
            client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(1)
        server.ask_to_end()
        for client in clients:
            assert len(receive_all(client)) > 20 << 20
        server.ended()


def wrk(options):
    """1000 connections of a load generator, without an error."""
    if resource:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
        if hard < 2500:
            print(f"SKIP: the limit of descriptors is {hard}")
            sys.exit(77)
    seconds = 2 if options.system == "unix" else 10  # Wine needs the first two to let them all in
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index.html").write_bytes(b"<p>index")
        for arguments in ([], ["--root", folder]):
            server = Server(options, *arguments)
            before = server.descriptors()
            try:
                ran = subprocess.run(["wrk", "-t1", "-c1000", f"-d{seconds}s", "--timeout", "60s",
                                      f"http://127.0.0.1:{server.port}/"], text=True, timeout=SECONDS,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            except FileNotFoundError:
                print("SKIP: there is no wrk here")
                sys.exit(77)
            print(ran.stdout)
            assert ran.returncode == 0 and "Socket errors" not in ran.stdout and "Non-2xx" not in ran.stdout
            assert int(re.search(r"(\d+) requests in", ran.stdout).group(1)) > 0
            server.settle(before)
            server.stop()


def usage(options):
    def run(*arguments):
        return Programs(options.folder, options.system).run("httpd", *arguments, seconds=SECONDS)
    assert run("--help").returncode == 0
    for wrong in (["--nonsense"], ["--port", 65536], ["--port", "x"], ["--port"], ["stray"], ["--idle", 0],
                  ["--driver", "nonsense"]):
        ran = run(*wrong)
        assert ran.returncode == 2 and ran.stderr.startswith("httpd: "), (wrong, ran)
    with tempfile.NamedTemporaryFile() as file, Server(options).connect() as taken:
        port = taken.getpeername()[1]
        for wrong in (["--port", port], ["--root", "/nonexistent"], ["--root", file.name], ["--host", "nonsense"]):
            ran = run("--driver", options.driver, *wrong)
            assert ran.returncode == 1 and ran.stderr.startswith("httpd: "), (wrong, ran)


CASES = {function.__name__: function for function in
         (pages, echo, files, malformed, loris, vanish, descriptors, chunks, refused, slow_readers, drain, wrk, usage)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=CASES)
    add_options(parser)
    parser.add_argument("--driver", required=True)
    CASES[parser.parse_args().case](parser.parse_args())
    print("ok")


if __name__ == "__main__":
    main()
