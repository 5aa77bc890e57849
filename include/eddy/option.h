/* Options of sockets, which streams and listeners share. */
#ifndef EDDY_OPTION_H
#define EDDY_OPTION_H

/* Options, on a stream or (to be inherited by what it accepts) on a listener. Values are int64.
   With EDDY_OPT_LINGER 0 a close resets, like eddy_stream_close_reset. A positive one holds for a descriptor
   that is released: eddy's own close never blocks, and what is unsent goes out in the background. */
enum {
  EDDY_OPT_NODELAY = 1,            /* 0 or 1; on, but of an adopted socket what it was */
  EDDY_OPT_KEEPALIVE = 2,          /* 0 or 1 */
  EDDY_OPT_KEEPALIVE_IDLE = 3,     /* seconds, 1 to 32767 (tcp(7)) */
  EDDY_OPT_KEEPALIVE_INTERVAL = 4, /* seconds, 1 to 32767 */
  EDDY_OPT_KEEPALIVE_COUNT = 5,    /* probes, 1 to 127 */
  EDDY_OPT_SEND_BUFFER =
      6, /* bytes; reads back what the kernel made of it (Linux doubles, socket(7)) */
  EDDY_OPT_RECEIVE_BUFFER = 7, /* bytes, likewise */
  EDDY_OPT_LINGER = 8,         /* seconds, 0 to 65535; -1 for off (the default) */
  EDDY_OPT_REUSE_ADDRESS = 9,  /* 0 or 1 */
  EDDY_OPT_V6ONLY = 10         /* 0 or 1, before bind */
};

#endif
