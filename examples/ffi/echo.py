"""A TCP echo round trip over eddy from Python: the standard library's ctypes, no compiled shim.

Server and client share one loop. EDDY_LIBRARY names the library when the loader does not find it.
"""

import ctypes
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, addressof, byref, c_char_p, c_int, c_int64,
                    c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, cast)

lib = ctypes.CDLL(os.environ.get("EDDY_LIBRARY", "libeddy.so.0"))
OP_SIZE = 192
AF_INET = 1


class Op(Structure):
    _fields_ = [("data", c_void_p), ("private", c_uint64 * (OP_SIZE // 8 - 1))]


class Addr(Structure):
    _fields_ = [("family", c_uint16), ("port", c_uint16), ("scope", c_uint32), ("flow", c_uint32),
                ("length", c_uint16), ("reserved", c_uint16), ("bytes", c_uint8 * 112)]


class Buf(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


Callback = CFUNCTYPE(None, POINTER(Op), c_int64)


def declare(name, result, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function


op_size = declare("eddy_op_size", c_size_t)
error_name = declare("eddy_error_name", c_char_p, c_int64)
addr_loopback = declare("eddy_addr_loopback", c_int, POINTER(Addr), c_uint16, c_uint16)
loop_open = declare("eddy_loop_open", c_int, c_void_p, POINTER(c_void_p))
loop_run = declare("eddy_loop_run", c_int, c_void_p)
loop_drain = declare("eddy_loop_drain", c_int64, c_void_p, c_uint64)
loop_close = declare("eddy_loop_close", c_int, c_void_p)
now = declare("eddy_now", c_uint64, c_void_p)
set_deadline = declare("eddy_op_set_deadline", None, POINTER(Op), c_uint64)
listener_open = declare("eddy_listener_open", c_int, c_void_p, POINTER(Addr), c_void_p,
                        POINTER(c_void_p))
listener_address = declare("eddy_listener_address", c_int, c_void_p, POINTER(Addr))
listener_accept = declare("eddy_listener_accept", c_int, c_void_p, POINTER(Op), Callback)
listener_close = declare("eddy_listener_close", c_int, c_void_p, c_void_p, c_void_p)
take_stream = declare("eddy_op_take_stream", c_void_p, POINTER(Op))
stream_open = declare("eddy_stream_open", c_int, c_void_p, c_uint16, POINTER(c_void_p))
stream_connect = declare("eddy_stream_connect", c_int, c_void_p, POINTER(Op), POINTER(Addr),
                         Callback)
stream_read = declare("eddy_stream_read", c_int, c_void_p, POINTER(Op), POINTER(Buf), c_uint32,
                      Callback)
stream_write = declare("eddy_stream_write", c_int, c_void_p, POINTER(Op), POINTER(Buf), c_uint32,
                       Callback)
stream_close = declare("eddy_stream_close", c_int, c_void_p, c_void_p, c_void_p)

pending = {}  # what an op needs stays alive until its callback, and where the callback goes


@Callback
def finished(op, result):
    then, _ = pending.pop(addressof(op.contents))
    then(op, result)


def start(function, handle, then, *arguments):
    """Starts an op that ends after two seconds at the latest, and then calls then(op, result)."""
    op = Op()
    set_deadline(op, now(loop) + 2_000_000_000)
    pending[addressof(op)] = then, (op, arguments)
    function(handle, byref(op), *arguments, finished)


def transfer(function, stream, memory, size, then):
    buffer = Buf(cast(memory, c_void_p), size)
    # The op borrows the buffer and its memory: both are arguments, kept until the callback.
    buffer.memory = memory
    start(function, stream, then, buffer, 1)


def check(result):
    if result < 0:
        raise OSError(error_name(result).decode())
    return result


def serve(op, result):
    check(result)
    stream = take_stream(op)
    memory = ctypes.create_string_buffer(4096)

    def read(_=None, written=0):
        check(written)
        transfer(stream_read, stream, memory, len(memory), reply)

    def reply(_, size):
        if size > 0:
            transfer(stream_write, stream, memory, size, read)
        else:
            stream_close(stream, None, None)

    read()


def talk(stream, message, received):
    sent = ctypes.create_string_buffer(message, len(message))
    memory = ctypes.create_string_buffer(4096)

    def read(_, result):
        check(result)
        transfer(stream_read, stream, memory, len(memory), heard)

    def heard(_, size):
        received.extend(memory.raw[:check(size)])
        if size > 0 and len(received) < len(message):
            read(None, 0)
        else:
            stream_close(stream, None, None)

    def connected(_, result):
        check(result)
        transfer(stream_write, stream, sent, len(message), read)

    return connected


if __name__ == "__main__":
    assert op_size() == OP_SIZE, "this library has another eddy_op_t"
    loop, listener, client = c_void_p(), c_void_p(), c_void_p()
    address, received = Addr(), bytearray()

    check(loop_open(None, byref(loop)))
    addr_loopback(address, AF_INET, 0)
    check(listener_open(loop, address, None, byref(listener)))
    check(listener_address(listener, address))
    start(listener_accept, listener, serve)

    check(stream_open(loop, AF_INET, byref(client)))
    start(stream_connect, client, talk(client, b"hello from Python", received), address)
    loop_run(loop)

    listener_close(listener, None, None)
    assert loop_drain(loop, now(loop) + 2_000_000_000) == 0
    assert loop_close(loop) == 0
    assert received == b"hello from Python", received
    print("echoed:", received.decode())
