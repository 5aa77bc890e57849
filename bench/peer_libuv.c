/* libuv TCP echo. Default: as people write it, malloc in the alloc callback and uv_write.
 * --pool: recycled buffers with the write request inside. --try: uv_try_write first. */
#define _GNU_SOURCE
#include "server.h"

#include <stddef.h>
#include <uv.h>

enum mode { PLAIN = -1, POOL, TRY };

struct block {
  uv_write_t write;
  struct block *next;
  char data[BENCH_READ_SIZE];
};

static const char *const modes[] = {"--pool", "--try", NULL};
static enum mode mode;
static struct block *free_blocks;
static uv_loop_t loop;

static struct block *block_of(const char *data) {
  return (struct block *)(data - offsetof(struct block, data));
}

static void give_block(struct block *block) {
  block->next = free_blocks;
  free_blocks = block;
}

static void check(int ret, const char *what) {
  if (ret < 0) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(ret));
    exit(1);
  }
}

static void on_closed(uv_handle_t *handle) { free(handle); }

static void close_stream(uv_stream_t *stream) {
  if (!uv_is_closing((uv_handle_t *)stream)) uv_close((uv_handle_t *)stream, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)handle;
  if (mode == PLAIN) {
    buf->base = malloc(suggested);
    buf->len = buf->base ? suggested : 0;
    return;
  }
  if (free_blocks) {
    struct block *block = free_blocks;

    free_blocks = block->next;
    *buf = uv_buf_init(block->data, sizeof block->data);
  } else {
    struct block *block = malloc(sizeof *block);

    *buf = uv_buf_init(block ? block->data : NULL, block ? sizeof block->data : 0);
  }
}

static void give_buffer(char *base) {
  if (!base) return;
  if (mode == PLAIN)
    free(base);
  else
    give_block(block_of(base));
}

static void on_plain_written(uv_write_t *write, int status) {
  if (status < 0) close_stream(write->handle);
  free(write->data);
  free(write);
}

static void on_block_written(uv_write_t *write, int status) {
  if (status < 0) close_stream(write->handle);
  give_block((struct block *)((char *)write - offsetof(struct block, write)));
}

static void echo(uv_stream_t *stream, char *base, size_t n) {
  uv_buf_t out = uv_buf_init(base, (unsigned)n);
  int ret;

  if (mode == PLAIN) {
    uv_write_t *write = malloc(sizeof *write);

    if (!write) bench_die("malloc");
    write->data = base;
    ret = uv_write(write, stream, &out, 1, on_plain_written);
    if (ret < 0) free(write);
  } else {
    if (mode == TRY) {
      int sent = uv_try_write(stream, &out, 1);

      if (sent == (int)n) {
        give_buffer(base);
        return;
      }
      if (sent > 0) out = uv_buf_init(base + sent, (unsigned)(n - (size_t)sent));
    }
    ret = uv_write(&block_of(base)->write, stream, &out, 1, on_block_written);
  }
  if (ret < 0) {
    give_buffer(base);
    close_stream(stream);
  }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n > 0) {
    echo(stream, buf->base, (size_t)n);
    return;
  }
  give_buffer(buf->base);
  if (n < 0) close_stream(stream);
}

static void on_connection(uv_stream_t *listener, int status) {
  uv_tcp_t *client;

  if (status < 0) return;
  client = malloc(sizeof *client);
  if (!client) bench_die("malloc");
  check(uv_tcp_init(&loop, client), "uv_tcp_init");
  if (uv_accept(listener, (uv_stream_t *)client) < 0) {
    close_stream((uv_stream_t *)client);
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)handle, (void)number;
  uv_stop(&loop);
}

int main(int argc, char **argv) {
  static uv_signal_t interrupt, terminate;
  static uv_tcp_t listener;
  struct sockaddr_in addr;
  uv_os_fd_t fd;
  int port;

  mode = (enum mode)bench_options(argc, argv, &port, modes);
  bench_raise_fd_limit();
  signal(SIGPIPE, SIG_IGN);
  addr = bench_loopback(port);
  check(uv_loop_init(&loop), "uv_loop_init");
  check(uv_tcp_init(&loop, &listener), "uv_tcp_init");
  check(uv_tcp_bind(&listener, (struct sockaddr *)&addr, 0), "uv_tcp_bind");
  check(uv_listen((uv_stream_t *)&listener, BENCH_BACKLOG, on_connection), "uv_listen");
  uv_signal_init(&loop, &interrupt);
  uv_signal_init(&loop, &terminate);
  uv_signal_start(&interrupt, on_signal, SIGINT);
  uv_signal_start(&terminate, on_signal, SIGTERM);
  check(uv_fileno((uv_handle_t *)&listener, &fd), "uv_fileno");
  bench_announce(fd);
  uv_run(&loop, UV_RUN_DEFAULT);
  return 0;
}
