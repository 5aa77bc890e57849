// The same for longer.
#define ROUNDS 12000
#include "../fd/wait_random.c"
