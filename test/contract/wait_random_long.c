// The same for longer.
#define ROUNDS 12000
#include "wait_random.c"
