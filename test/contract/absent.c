// Stands for a test that cannot run on this system, and says why.
#include <stdio.h>

int main(int count, char **arguments) {
  printf("SKIP: %s\n", count > 1 ? arguments[1] : "");
  return 77;
}
