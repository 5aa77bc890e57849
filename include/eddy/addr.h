/* Socket addresses: one portable struct of fixed size for IPv4, IPv6 with scope, and Unix paths.

   Every function here: any thread, no memory of its own. A null address aborts with a message, but
   where it says otherwise. An address that is written on success is zeroed on error. */

/* Windows.

   A path of EDDY_AF_UNIX is also the name of a pipe, as text unix:\\.\pipe\NAME
   (<eddy/stream.h>). */

/* Example.

   #include <stdio.h>

   // Shows an address as it was understood. The port is 80 where none is given.
   static int show(const char *given) {
     char text[EDDY_ADDR_TEXT];
     eddy_addr_t address;
     int result = eddy_addr_parse(&address, given, 80);
     if (result == 0) result = eddy_addr_format(&address, text, sizeof text);
     if (result < 0)
       fprintf(stderr, "%s: %s\n", given, eddy_error_text(result));
     else
       printf("%s is %s\n", given, text);
     return result;
   } */
#ifndef EDDY_ADDR_H
#define EDDY_ADDR_H

#include <eddy/base.h>
#include <eddy/error.h>

enum {
  EDDY_AF_NONE = 0,
  EDDY_AF_INET = 1,
  EDDY_AF_INET6 = 2,
  /* A path; with a first byte of 0 and length > 0, Linux's abstract name (unix(7)). */
  EDDY_AF_UNIX = 3
};

/* 128 bytes, the same on every OS. Port in host byte order, address bytes in network order. Unused
   bytes are zero, so that equal addresses are equal bytes. */
typedef struct eddy_addr {
  uint16_t family;    /* EDDY_AF_* */
  uint16_t port;      /* 0 to 65535, inet families */
  uint32_t scope;     /* IPv6: interface index of a link-local address, else 0 */
  uint32_t flow;      /* IPv6: flow information, host order, usually 0 */
  uint16_t length;    /* bytes used: 4, 16, or the length of the path (without a final NUL) */
  uint16_t reserved;  /* 0 */
  uint8_t bytes[112]; /* the address or the path */
} eddy_addr_t;

/* Text of any address that eddy_addr_format writes, final NUL included. */
#define EDDY_ADDR_TEXT 128

/* Parses `text` into *addr:
     192.0.2.1  192.0.2.1:80  2001:db8::1  [2001:db8::1]:80  fe80::1%eth0  [fe80::1%3]:80
     unix:/run/x.sock  unix:@abstract
   A missing port is `port`. A scope is an interface name or number. Host names are not resolved.
   The numbers of IPv4 have no leading zeros, which some take for octal ones. Returns 0, or
     EDDY_EINVAL       NULL, or not an address, a port over 65535, text after it
     EDDY_ENODEV       no interface of that name
     EDDY_ENAMETOOLONG a path of more than 107 bytes (sun_path, unix(7)) */
EDDY_API int eddy_addr_parse(eddy_addr_t *addr, const char *text, uint16_t port);

/* Writes the text that eddy_addr_parse takes back into `text` of `size` bytes: port included, scope
   by number. A path that begins with '@' gets "./" before it, for '@' means an abstract name.
   `text` may be NULL when `size` is 0. Returns its length without the final NUL, or
     EDDY_ENOBUFS  it does not fit (EDDY_ADDR_TEXT bytes always do)
     EDDY_EINVAL   no known family, or a path or name that has no text: a NUL inside, over 112 bytes
   On error the text is "" if `size` is not 0. */
EDDY_API int eddy_addr_format(const eddy_addr_t *addr, char *text, size_t size);

/* Build common addresses of EDDY_AF_INET or EDDY_AF_INET6: all interfaces (0.0.0.0, ::), and this
   machine (127.0.0.1, ::1). Return 0, or
     EDDY_EAFNOSUPPORT  another family */
EDDY_API int eddy_addr_any(eddy_addr_t *addr, uint16_t family, uint16_t port);
EDDY_API int eddy_addr_loopback(eddy_addr_t *addr, uint16_t family, uint16_t port);

/* Converts to a native struct sockaddr_in, _in6 or _un in `native` of `size` bytes. Returns its
   length, or
     EDDY_ENOBUFS       it does not fit
     EDDY_EAFNOSUPPORT  a family that the system does not have
     EDDY_EINVAL        a path with a NUL inside (abstract names may have some)
     EDDY_ENAMETOOLONG  a path longer than the system's (sun_path, unix(7))
   On error nothing is written. */
EDDY_API int eddy_addr_to_native(const eddy_addr_t *addr, void *native, size_t size);

/* Converts from a native struct sockaddr of `size` bytes, which need not be aligned. An unnamed
   Unix address has length 0. Returns 0, or
     EDDY_EINVAL        it is too short for its family
     EDDY_EAFNOSUPPORT  another family */
EDDY_API int eddy_addr_from_native(eddy_addr_t *addr, const void *native, size_t size);

/* 1 when two addresses are the same, else 0. Bytes that their family does not use make no
   difference. */
EDDY_API int eddy_addr_equal(const eddy_addr_t *a, const eddy_addr_t *b);

#endif
