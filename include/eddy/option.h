/* Options of sockets, which streams and listeners share: eddy_stream_set_option and
   eddy_listener_set_option take these numbers, and int64 values. What is set on a listener is
   inherited by what it accepts. The ranges are those of tcp(7) and socket(7), the same on every
   system. */

/* Windows.

   Keepalive times need Windows 10 1709. Before it they give EDDY_ENOPROTOOPT.
   The longest EDDY_OPT_LINGER is what Windows can hold. */

/* Example.

   #include <eddy/stream.h>

   // Finds out within two minutes that the peer has gone without a word.
   static int keep_alive(eddy_stream_t *stream) {
     int error = eddy_stream_set_option(stream, EDDY_OPT_KEEPALIVE, 1);
     if (!error) error = eddy_stream_set_option(stream, EDDY_OPT_KEEPALIVE_IDLE, 60);
     if (!error) error = eddy_stream_set_option(stream, EDDY_OPT_KEEPALIVE_INTERVAL, 10);
     if (!error) error = eddy_stream_set_option(stream, EDDY_OPT_KEEPALIVE_COUNT, 6);
     return error;
   } */
#ifndef EDDY_OPTION_H
#define EDDY_OPTION_H

/* With EDDY_OPT_LINGER 0 a close resets, like eddy_stream_close_reset. A positive one holds for a
   descriptor that is released: eddy's own close never blocks, and what is unsent goes out in the
   background. */
enum {
  EDDY_OPT_NODELAY = 1,            /* 0 or 1; on, but of an adopted socket what it was */
  EDDY_OPT_KEEPALIVE = 2,          /* 0 or 1 */
  EDDY_OPT_KEEPALIVE_IDLE = 3,     /* seconds, 1 to 32767 (tcp(7)) */
  EDDY_OPT_KEEPALIVE_INTERVAL = 4, /* seconds, 1 to 32767 */
  EDDY_OPT_KEEPALIVE_COUNT = 5,    /* probes, 1 to 127 */
  EDDY_OPT_SEND_BUFFER = 6,    /* bytes, from 1; read back as the kernel made it (Linux doubles it,
                                  socket(7)) */
  EDDY_OPT_RECEIVE_BUFFER = 7, /* bytes, likewise */
  EDDY_OPT_LINGER = 8,         /* seconds, 0 to 65535; -1 for off (the default) */
  EDDY_OPT_REUSE_ADDRESS = 9,  /* 0 or 1 */
  EDDY_OPT_V6ONLY = 10         /* 0 or 1, before bind */
};

#endif
