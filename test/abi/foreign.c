/* eddy-0.dll as a language's FFI uses it: loaded by name, functions by name, declared here by hand. No header of
   eddy's, no import library. A TCP echo of two streams on one loop. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

typedef void (*callback)(void *op, int64_t result);
struct buffer {
  void *data;
  size_t size;
};

#define ROUNDS 100
#define FUNCTIONS(X)                                                                               \
  X(const char *, eddy_version_text, (void))                                                       \
  X(const char *, eddy_error_name, (int64_t))                                                      \
  X(size_t, eddy_op_size, (void))                                                                  \
  X(void *, eddy_op_take_stream, (void *))                                                         \
  X(int, eddy_op_more, (const void *))                                                             \
  X(int, eddy_addr_loopback, (void *, uint16_t, uint16_t))                                         \
  X(int, eddy_loop_open, (const void *, void **))                                                  \
  X(int, eddy_loop_run, (void *))                                                                  \
  X(int, eddy_loop_close, (void *))                                                                \
  X(int, eddy_work, (void *, void *, int64_t (*)(void *), void *, callback))                       \
  X(uint32_t, eddy_loop_driver, (const void *))                                                    \
  X(const char *, eddy_driver_name, (uint32_t))                                                    \
  X(int, eddy_listener_open, (void *, const void *, const void *, void **))                        \
  X(int, eddy_listener_address, (const void *, void *))                                            \
  X(int, eddy_listener_accept, (void *, void *, callback))                                         \
  X(int, eddy_listener_close, (void *, void *, callback))                                          \
  X(int, eddy_stream_open, (void *, uint16_t, void **))                                            \
  X(int, eddy_stream_connect, (void *, void *, const void *, callback))                            \
  X(int, eddy_stream_read, (void *, void *, const struct buffer *, uint32_t, callback))            \
  X(int, eddy_stream_write, (void *, void *, const struct buffer *, uint32_t, callback))           \
  X(int, eddy_stream_close, (void *, void *, callback))

#define POINTER(result, name, parameters) static result(*name) parameters;
FUNCTIONS(POINTER)

static void *listener, *client, *server;
static void *client_op, *server_op; /* eddy_op_size() zeroed bytes each */
static char sent[32], echoed[32], held[32];
static struct buffer out, in, held_buffer;
static int rounds, server_writes;

static void check(int good, const char *what, int64_t result) {
  if (good) return;
  printf("%s: %s\n", what, eddy_error_name(result));
  exit(1);
}

static HMODULE library;

static void load(const char *path) {
  library = LoadLibraryA(path);
  if (!library) {
    printf("%s: error %lu\n", path, GetLastError());
    exit(1);
  }
#define FIND(result, name, parameters)                                                             \
  do {                                                                                             \
    FARPROC found = GetProcAddress(library, #name);                                                \
    if (!found) {                                                                                  \
      printf("there is no " #name "\n");                                                           \
      exit(1);                                                                                     \
    }                                                                                              \
    memcpy(&name, &found, sizeof found);                                                           \
  } while (0);
  FUNCTIONS(FIND)
}

static void on_server(void *op, int64_t result) { /* a read or a write has ended */
  if (result <= 0) {
    check(result == 0, "the server", result);
    eddy_stream_close(server, NULL, NULL);
    return;
  }
  server_writes = !server_writes;
  held_buffer.data = held;
  held_buffer.size = server_writes ? (size_t)result : sizeof held;
  (server_writes ? eddy_stream_write : eddy_stream_read)(server, op, &held_buffer, 1, on_server);
}

static void on_accept(void *op, int64_t result) {
  check(result == 0 && eddy_op_more(op) == 0, "accept", result);
  server = eddy_op_take_stream(op);
  eddy_listener_close(listener, NULL, NULL);
  server_writes = 1; /* done, so that a read is next */
  on_server(op, 1);
}

static void ask(void *op, int64_t result);

static void on_echo(void *op, int64_t result) {
  check(result == (int64_t)out.size && memcmp(sent, echoed, out.size) == 0, "echo", result);
  if (++rounds < ROUNDS)
    ask(op, 1);
  else
    eddy_stream_close(client, NULL, NULL);
}

static void on_sent(void *op, int64_t result) {
  check(result == (int64_t)out.size, "write", result);
  in.data = echoed;
  in.size = sizeof echoed;
  eddy_stream_read(client, op, &in, 1, on_echo);
}

static void ask(void *op, int64_t result) { /* also the end of the connect */
  check(result >= 0, "connect", result);
  out.data = sent;
  out.size = (size_t)snprintf(sent, sizeof sent, "message %d", rounds);
  eddy_stream_write(client, op, &out, 1, on_sent);
}

static int64_t nothing(void *argument) {
  (void)argument;
  return 7;
}

static void on_work(void *op, int64_t result) {
  (void)op;
  check(result == 7, "eddy_work", result);
}

/* Threads that wait for more work are in the DLL when it is given up, and stay there. */
static void unloaded(void) {
  void *loop = NULL, *op = calloc(1, eddy_op_size());
  check(eddy_loop_open(NULL, &loop) == 0, "eddy_loop_open", 0);
  eddy_work(loop, op, nothing, NULL, on_work);
  check(eddy_loop_run(loop) == 0, "eddy_loop_run", 0);
  check(eddy_loop_close(loop) == 0, "eddy_loop_close", 0);
  check(FreeLibrary(library), "FreeLibrary", (int64_t)GetLastError());
  HMODULE still = NULL;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                         GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                     (const char *)(uintptr_t)eddy_loop_open, &still);
  check(still == library, "the DLL is still there", 0);
  free(op);
}

int main(int count, char **arguments) {
  static _Alignas(8) unsigned char address[128]; /* eddy_addr_t */
  void *loop = NULL;
  load(count > 1 ? arguments[1] : "eddy-0.dll");
  client_op = calloc(1, eddy_op_size());
  server_op = calloc(1, eddy_op_size());
  int error = eddy_loop_open(NULL, &loop);
  check(error == 0, "eddy_loop_open", error);
  eddy_addr_loopback(address, 1, 0);
  error = eddy_listener_open(loop, address, NULL, &listener);
  check(error == 0, "eddy_listener_open", error);
  eddy_listener_address(listener, address);
  eddy_listener_accept(listener, server_op, on_accept);
  error = eddy_stream_open(loop, 1, &client);
  check(error == 0, "eddy_stream_open", error);
  eddy_stream_connect(client, client_op, address, ask);
  check(eddy_loop_run(loop) == 0, "eddy_loop_run", 0);
  printf("eddy %s on %s: %d echoes\n", eddy_version_text(),
         eddy_driver_name(eddy_loop_driver(loop)), rounds);
  error = eddy_loop_close(loop);
  check(error == 0 && rounds == ROUNDS, "eddy_loop_close", error);
  free(client_op);
  free(server_op);
  unloaded();
  return 0;
}
