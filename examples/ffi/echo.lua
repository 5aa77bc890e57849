-- A TCP echo round trip over eddy from LuaJIT: its ffi library, no compiled shim.
--
-- Server and client share one loop. EDDY_LIBRARY names the library when the loader does not find it.
local ffi = require("ffi")

ffi.cdef [[
typedef struct { void *data; uint64_t private_[23]; } eddy_op_t;
typedef struct { void *data; size_t size; } eddy_buf_t;
typedef struct {
  uint16_t family, port; uint32_t scope, flow; uint16_t length, reserved; uint8_t bytes[112];
} eddy_addr_t;
typedef struct eddy_loop eddy_loop_t;
typedef struct eddy_stream eddy_stream_t;
typedef struct eddy_listener eddy_listener_t;
typedef void (*eddy_cb)(eddy_op_t *op, int64_t result);

size_t eddy_op_size(void);
const char *eddy_error_name(int64_t error);
void eddy_op_set_deadline(eddy_op_t *op, uint64_t at);
int eddy_addr_loopback(eddy_addr_t *addr, uint16_t family, uint16_t port);
int eddy_loop_open(const void *options, eddy_loop_t **loop);
int eddy_loop_run(eddy_loop_t *loop);
int64_t eddy_loop_drain(eddy_loop_t *loop, uint64_t until);
int eddy_loop_close(eddy_loop_t *loop);
uint64_t eddy_now(const eddy_loop_t *loop);
int eddy_listener_open(eddy_loop_t *loop, const eddy_addr_t *address, const void *options,
                       eddy_listener_t **listener);
int eddy_listener_address(const eddy_listener_t *listener, eddy_addr_t *addr);
int eddy_listener_accept(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);
int eddy_listener_close(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);
eddy_stream_t *eddy_op_take_stream(eddy_op_t *op);
int eddy_stream_open(eddy_loop_t *loop, uint16_t family, eddy_stream_t **stream);
int eddy_stream_connect(eddy_stream_t *stream, eddy_op_t *op, const eddy_addr_t *peer, eddy_cb cb);
int eddy_stream_read(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                     uint32_t count, eddy_cb cb);
int eddy_stream_write(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                      uint32_t count, eddy_cb cb);
int eddy_stream_close(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);
]]

local eddy = ffi.load(os.getenv("EDDY_LIBRARY") or "libeddy.so.0")
local AF_INET, SECONDS = 1, 1000000000ULL

local function check(result)
  if result < 0 then error(ffi.string(eddy.eddy_error_name(result))) end
  return tonumber(result)
end

assert(eddy.eddy_op_size() == ffi.sizeof("eddy_op_t"), "this library has another eddy_op_t")

local out = ffi.new("eddy_loop_t *[1]")
check(eddy.eddy_loop_open(nil, out))
local loop = out[0]

-- One C callback for all ops: LuaJIT has few of them. `pending` keeps what an op borrows.
local pending = {}

local function key(op) return tostring(ffi.cast("void *", op)) end

local finished = ffi.cast("eddy_cb", function(op, result)
  local entry = pending[key(op)]
  pending[key(op)] = nil
  local fine, message = pcall(entry.done, result, op)
  if not fine then -- an error must not go through the library
    io.stderr:write(message, "\n")
    os.exit(1)
  end
end)

-- A library function that calls back must not be called from a compiled trace; only the run does.
local function start(done, begin, keep)
  local op = ffi.new("eddy_op_t")
  eddy.eddy_op_set_deadline(op, eddy.eddy_now(loop) + 2 * SECONDS)
  pending[key(op)] = { done = done, op = op, keep = keep }
  begin(op)
end

local function read(stream, memory, done)
  local buffer = ffi.new("eddy_buf_t", memory, ffi.sizeof(memory))
  start(done, function(op) eddy.eddy_stream_read(stream, op, buffer, 1, finished) end,
    { buffer, memory })
end

local function write(stream, memory, size, done)
  local buffer = ffi.new("eddy_buf_t", ffi.cast("void *", memory), size)
  start(done, function(op) eddy.eddy_stream_write(stream, op, buffer, 1, finished) end,
    { buffer, memory })
end

local function serve(result, accepted)
  check(result)
  local stream, memory = eddy.eddy_op_take_stream(accepted), ffi.new("uint8_t[4096]")
  local function next_message(written)
    check(written)
    read(stream, memory, function(size)
      if size <= 0 then
        eddy.eddy_stream_close(stream, nil, nil)
      else
        write(stream, memory, size, next_message)
      end
    end)
  end
  next_message(0)
end

local listener_out = ffi.new("eddy_listener_t *[1]")
local address = ffi.new("eddy_addr_t")
eddy.eddy_addr_loopback(address, AF_INET, 0)
check(eddy.eddy_listener_open(loop, address, nil, listener_out))
local listener = listener_out[0]
check(eddy.eddy_listener_address(listener, address))
start(serve, function(op) eddy.eddy_listener_accept(listener, op, finished) end)

local message, received = "hello from LuaJIT", ""
local stream_out = ffi.new("eddy_stream_t *[1]")
check(eddy.eddy_stream_open(loop, AF_INET, stream_out))
local client, memory = stream_out[0], ffi.new("uint8_t[4096]")

local function heard(size)
  received = received .. ffi.string(memory, check(size))
  if size > 0 and #received < #message then
    read(client, memory, heard)
  else
    eddy.eddy_stream_close(client, nil, nil)
  end
end

start(function(connected)
  check(connected)
  local bytes = ffi.new("uint8_t[?]", #message)
  ffi.copy(bytes, message, #message)
  write(client, bytes, #message, function(written)
    check(written)
    read(client, memory, heard)
  end)
end, function(op) eddy.eddy_stream_connect(client, op, address, finished) end)

jit.off(true, true)
eddy.eddy_loop_run(loop)
eddy.eddy_listener_close(listener, nil, nil)
assert(eddy.eddy_loop_drain(loop, eddy.eddy_now(loop) + 2 * SECONDS) == 0)
assert(eddy.eddy_loop_close(loop) == 0)
assert(received == message, received)
print("echoed: " .. received)
