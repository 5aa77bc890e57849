// The hunt for a lost wake-up, at length.
#define TRAP_ROUNDS 40000
#include "trap_ping_pong.c"
