// The hunt for a lost wake-up, at length.
#define TRAP_ROUNDS 40000
#include "../post/ping_pong.c"
